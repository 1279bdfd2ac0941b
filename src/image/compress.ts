/**
 * The form of a local image that travels: a built image's layers are plain tars here, registries get
 * them compressed. Each tar is compressed once and remembered by its diffID, with bytes that depend
 * on nothing but the tar, so a second push compresses nothing and finds its blobs there.
 */

import type { LimitFunction } from 'p-limit';
import { compress } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { type JsonObject, type JsonValue, parseJson } from '#core/json.ts';
import { decodeManifest } from '#core/manifest.ts';
import {
  DOCKER_LAYER,
  DOCKER_LAYER_GZIP,
  layerCompressionOf,
  OCI_LAYER_GZIP,
} from '#core/media-type.ts';
import type { RawManifest, Repository } from '#core/repository.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { walkImage } from '#store/walk.ts';

export interface CompressOptions {
  readonly store: LocalStore;
  /** Holds what is made. */
  readonly lease: Lease;
  /** A repository of the store. */
  readonly from: Repository;
  readonly selector: string;
  /** How many layers are compressed at once. */
  readonly limit: LimitFunction;
  readonly signal?: AbortSignal;
}

export interface CompressedImage {
  /** Shows the compressed image, over the store's blobs. */
  readonly repository: Repository;
  /** Equal to the original where there was nothing to compress. */
  readonly manifest: Descriptor;
}

/** @throws MANIFEST_UNKNOWN, BLOB_UNKNOWN, DISK_FULL */
export async function compressLayers(options: CompressOptions): Promise<CompressedImage> {
  const { store, lease, from, selector, signal } = options;
  const image = await walkImage(from, { selector, ...(signal ? { signal } : {}) });
  const plain = image.blobs.filter(isPlainLayer);
  const made = await Promise.all(
    plain.map((layer) => options.limit(() => compressed(layer, options))),
  );
  const replaced = new Map<Digest, Descriptor>();
  for (const [i, layer] of plain.entries()) {
    const descriptor = made[i];
    if (descriptor) replaced.set(layer.digest, descriptor);
  }
  const repository = new MemoryRepository({ blobs: store.blobs(lease) });
  let manifest = image.root;
  // Children come first, so an index finds what became of them.
  for (const { raw } of image.manifests) {
    const rewritten = replaceDescriptors(raw, replaced);
    manifest = await repository.putManifest(rewritten);
    replaced.set(raw.digest, manifest);
  }
  return { repository, manifest };
}

function isPlainLayer({ mediaType }: Descriptor): boolean {
  return layerCompressionOf(mediaType) === 'none';
}

/** A plain layer's digest is its diffID. */
async function compressed(layer: Descriptor, options: CompressOptions): Promise<Descriptor> {
  const { store, lease, signal } = options;
  const diffId = layer.digest;
  const blobs = store.blobs(lease);
  const known = store.layers.compressed(diffId, 'gzip');
  if (known && (await blobs.stat(known.digest))) return known;
  const call = signal ? { signal } : {};
  await using ingest = await blobs.ingest({}, call);
  for await (const chunk of compress(blobs.read(diffId, call), 'gzip', call)) {
    await ingest.write(chunk);
  }
  const { digest, size } = await ingest.commit();
  const mediaType = layer.mediaType === DOCKER_LAYER ? DOCKER_LAYER_GZIP : OCI_LAYER_GZIP;
  const descriptor = { mediaType, digest, size };
  store.layers.rememberCompressed(diffId, 'gzip', descriptor);
  return descriptor;
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
