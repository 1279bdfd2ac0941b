/**
 * The form of a local image that travels: a built image's layers are plain tars here, registries get
 * them compressed. Each tar is compressed once a form and remembered by its diffID, with bytes that
 * depend on nothing but the tar, so a second push compresses nothing and finds its blobs there.
 */

import type { LimitFunction } from 'p-limit';
import { compress } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { type JsonObject, type JsonValue, parseJson } from '#core/json.ts';
import { formName, GZIP, type LayerForm } from '#core/layer-form.ts';
import { decodeManifest, descriptorOf } from '#core/manifest.ts';
import {
  DOCKER_LAYER,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_ZSTD,
  layerCompressionOf,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
} from '#core/media-type.ts';
import type { RawManifest, Repository } from '#core/repository.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { readConfig } from '#store/read-config.ts';
import { type WalkedImage, walkImage } from '#store/walk.ts';

export interface CompressOptions {
  readonly store: LocalStore;
  /** Holds what is made. */
  readonly lease: Lease;
  /** A repository of the store. */
  readonly from: Repository;
  readonly selector: string;
  /** Default: gzip. */
  readonly form?: LayerForm;
  /** Layers that are compressed otherwise get the form as well; default: they stay as they are. */
  readonly force?: boolean;
  /** How many layers are compressed at once. */
  readonly limit: LimitFunction;
  readonly signal?: AbortSignal;
}

export interface CompressedImage {
  /** Shows the compressed image, over the store's blobs. */
  readonly repository: Repository;
  /** All of it, children first. */
  readonly manifests: readonly RawManifest[];
  /** Equal to the original where there was nothing to compress. */
  readonly manifest: Descriptor;
}

/** @throws MANIFEST_UNKNOWN, BLOB_UNKNOWN, DISK_FULL */
export async function compressLayers(options: CompressOptions): Promise<CompressedImage> {
  const { store, lease, from, selector, signal, form = GZIP, force = false } = options;
  const image = await walkImage(from, { selector, ...(signal ? { signal } : {}) });
  const layers = image.blobs.filter((layer) => isToChange(layer, { form, force }));
  const diffIds = layers.every(isPlain) ? undefined : await diffIdsOf(from, image);
  const change = compression(options, diffIds);
  const made = await Promise.all(layers.map((layer) => change.blob(layer)));
  const changed = new Map<Digest, Descriptor>();
  for (const [i, layer] of layers.entries()) changed.set(layer.digest, made[i] ?? layer);
  const repository = new MemoryRepository({ blobs: store.blobs(lease) });
  const manifests = change.manifests(image, changed);
  let manifest = image.root;
  for (const raw of manifests) manifest = await repository.putManifest(raw);
  return { repository, manifests, manifest };
}

/** An ImageChange (copy.ts): each layer can go its way as soon as it is compressed. */
export interface Compression {
  readonly blob: (blob: Descriptor) => Promise<Descriptor>;
  readonly manifests: (
    image: WalkedImage,
    changed: ReadonlyMap<Digest, Descriptor>,
  ) => readonly RawManifest[];
}

/** `diffIds`: by the digests of layers that are not plain tars, where those change too. */
export function compression(
  options: Omit<CompressOptions, 'selector' | 'from'>,
  diffIds?: ReadonlyMap<Digest, Digest>,
): Compression {
  const { limit, form = GZIP, force = false } = options;
  return {
    blob: async (layer) => {
      if (!isToChange(layer, { form, force })) return layer;
      const diffId = diffIds?.get(layer.digest) ?? layer.digest;
      return await limit(() => compressed(layer, diffId, options));
    },
    manifests: ({ manifests }, changed) => {
      const replaced = new Map(changed);
      // Children come first, so an index finds what became of them.
      return manifests.map(({ raw }) => {
        const rewritten = replaceDescriptors(raw, replaced);
        replaced.set(raw.digest, descriptorOf(rewritten));
        return rewritten;
      });
    },
  };
}

function isPlain({ mediaType }: Descriptor): boolean {
  return layerCompressionOf(mediaType) === 'none';
}

function isToChange(
  { mediaType, urls = [] }: Descriptor,
  { form, force }: { readonly form: LayerForm; readonly force: boolean },
): boolean {
  const codec = layerCompressionOf(mediaType);
  // What is no layer, and what is to be fetched from elsewhere.
  if (codec === undefined || urls.length > 0) return false;
  if (codec === form.codec) return force && codec !== 'none' && form.level !== undefined;
  return codec === 'none' || force;
}

/** By the digests of layers, as the configs of their images say. */
async function diffIdsOf(
  from: Repository,
  { manifests }: WalkedImage,
): Promise<ReadonlyMap<Digest, Digest>> {
  const found = new Map<Digest, Digest>();
  for (const { manifest } of manifests) {
    if (manifest.kind === 'index') continue;
    const { rootfs } = await readConfig(from.blobs, manifest);
    for (const [i, { digest }] of manifest.layers.entries()) {
      const diffId = rootfs.diff_ids[i];
      if (diffId !== undefined) found.set(digest, diffId);
    }
  }
  return found;
}

async function compressed(
  layer: Descriptor,
  diffId: Digest,
  options: Omit<CompressOptions, 'selector' | 'from'>,
): Promise<Descriptor> {
  const { store, lease, signal, form = GZIP } = options;
  const blobs = store.blobs(lease);
  const mediaType = mediaTypeLike(layer, form);
  const known = store.layers.compressed(diffId, formName(form));
  if (known && (await blobs.stat(known.digest))) return { ...known, mediaType };
  const call = signal ? { signal } : {};
  if (!isPlain(layer)) await store.layers.ensure({ descriptor: layer, diffId }, { lease, ...call });
  if (form.codec === 'none') {
    const size = (await blobs.stat(diffId))?.size ?? 0;
    return { mediaType, digest: diffId, size };
  }
  await using ingest = await blobs.ingest({}, call);
  for await (const chunk of compress(blobs.read(diffId, { ...call, reuse: true }), form.codec, {
    ...call,
    level: form.level,
  })) {
    await ingest.write(chunk);
  }
  const { digest, size } = await ingest.commit();
  const descriptor = { mediaType, digest, size };
  store.layers.rememberCompressed(diffId, formName(form), descriptor);
  return descriptor;
}

const MEDIA_TYPES = {
  oci: { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD },
  docker: { none: DOCKER_LAYER, gzip: DOCKER_LAYER_GZIP, zstd: DOCKER_LAYER_ZSTD },
} as const;

/** Docker's stays docker's. */
function mediaTypeLike({ mediaType }: Descriptor, { codec }: LayerForm): string {
  const isDocker = Object.values<string>(MEDIA_TYPES.docker).includes(mediaType);
  return MEDIA_TYPES[isDocker ? 'docker' : 'oci'][codec];
}

/** The same document with other descriptors; every field it does not know stays. */
function replaceDescriptors(
  raw: RawManifest,
  replaced: ReadonlyMap<Digest, Descriptor>,
): RawManifest {
  const manifest = decodeManifest(raw);
  const key = manifest.kind === 'index' ? 'manifests' : 'layers';
  const children = manifest.kind === 'index' ? manifest.manifests : manifest.layers;
  const isSame = children.every(
    ({ digest }) => (replaced.get(digest)?.digest ?? digest) === digest,
  );
  if (isSame) return raw;
  const document = objectIn(parseJson(raw.bytes, 'manifest'));
  const list = document[key];
  const descriptors = (Array.isArray(list) ? list : []).map((item: JsonValue, i) => {
    const to = children[i] && replaced.get(children[i].digest);
    if (!to) return item;
    const { mediaType, digest, size } = to;
    return { ...objectIn(item), mediaType, digest, size };
  });
  const bytes = Buffer.from(JSON.stringify({ ...document, [key]: descriptors }));
  return { mediaType: raw.mediaType, digest: digestOf(bytes), bytes };
}

/** Decoded before, so it is an object. */
function objectIn(value: JsonValue): JsonObject {
  if (value === null || typeof value !== 'object' || isList(value)) {
    throw new Error('invariant broken: a decoded document is no object');
  }
  return value;
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}
