/**
 * The images of a docker-archive (`docker save` before 25, podman, skopeo, kaniko, bazel) for
 * reading: manifest.json names config and layer files. The format has no manifests, so one is made
 * for each image, the same every time; plain layers are known by their diffID, without hashing.
 */
import { detectCompression, MAGIC_BYTES } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { createHasher, type Digest, digestOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeImageConfig } from '#core/image-config.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from '#core/media-type.ts';
import { parseReference, type Reference, withDefaultTag } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { type PackedFiles, readDocument } from './packed-files.ts';
import type { PackedContents, PackedImage } from './packed-repository.ts';

const MANIFEST_FILE = 'manifest.json';
const DOCUMENT_SIZE_BYTES_MAX = 16 * 1024 * 1024;

/** Undefined when there is no manifest.json. @throws ARCHIVE_INVALID, MANIFEST_INVALID */
export async function readDockerArchive(files: PackedFiles): Promise<PackedContents | undefined> {
  const bytes = await readDocument(files, MANIFEST_FILE, DOCUMENT_SIZE_BYTES_MAX);
  if (!bytes) return undefined;
  const items = decodeItems(bytes, files.name);
  const places = new Map<Digest, string>();
  const manifests: RawManifest[] = [];
  const images: PackedImage[] = [];
  for (const item of items) {
    const manifest = await manifestOf(files, item, places);
    manifests.push(manifest);
    const names = item.names.flatMap((name) => parsedOrNothing(name) ?? []);
    const refNames = names.flatMap(({ tag }) => tag ?? []);
    images.push({ manifest: descriptorOf(manifest), names, refNames });
  }
  return { images, manifests, places };
}

interface Item {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

function decodeItems(bytes: Uint8Array, where: string): readonly Item[] {
  try {
    const list = parseJson(bytes, MANIFEST_FILE);
    // Wrapped, so that an error points at the element.
    const top = new ObjectReader({ images: list }, MANIFEST_FILE);
    return top.objects('images').map((item) => ({
      config: item.string('Config'),
      names: item.strings('RepoTags'),
      layers: item.strings('Layers'),
    }));
  } catch (cause) {
    if (!isSlipwayError(cause)) throw cause;
    throw new SlipwayError('ARCHIVE_INVALID', `${where}: ${cause.message}`, { cause });
  }
}

async function manifestOf(
  files: PackedFiles,
  item: Item,
  places: Map<Digest, string>,
): Promise<RawManifest> {
  const bytes = await readDocument(files, item.config, DOCUMENT_SIZE_BYTES_MAX);
  if (!bytes) throw missing(files, item.config);
  const diffIds = decodeImageConfig(bytes).rootfs.diff_ids;
  if (diffIds.length !== item.layers.length) {
    throw new SlipwayError(
      'ARCHIVE_INVALID',
      `${files.name}: an image lists ${item.layers.length} layers, its config ${diffIds.length}`,
    );
  }
  const digest = digestOf(bytes);
  places.set(digest, item.config);
  const layers: Descriptor[] = [];
  for (const [i, diffId] of diffIds.entries()) {
    const path = item.layers[i] ?? '';
    const layer = await layerOf(files, path, diffId);
    places.set(layer.digest, path);
    layers.push(layer);
  }
  const config = { mediaType: OCI_CONFIG, digest, size: bytes.byteLength };
  return encodeImageManifest({ config, layers });
}

/** A plain tar is its diffID until somebody reads it and finds otherwise; other forms are hashed. */
async function layerOf(files: PackedFiles, path: string, diffId: Digest): Promise<Descriptor> {
  const size = await files.size(path);
  if (size === undefined) throw missing(files, path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path, { range: { offset: 0, length: MAGIC_BYTES } })) {
    chunks.push(chunk);
  }
  const compression = detectCompression(Buffer.concat(chunks));
  switch (compression) {
    case 'none':
      return { mediaType: OCI_LAYER, digest: diffId, size };
    case 'gzip':
      return { mediaType: OCI_LAYER_GZIP, digest: await hashOf(files, path), size };
    case 'zstd':
      return { mediaType: OCI_LAYER_ZSTD, digest: await hashOf(files, path), size };
    default:
      throw new SlipwayError(
        'COMPRESSION_UNKNOWN',
        `${files.name}: layer ${path} is compressed with ${compression}`,
        { hint: 'save the image again without compressing its layers' },
      );
  }
}

async function hashOf(files: PackedFiles, path: string): Promise<Digest> {
  const hasher = createHasher();
  for await (const chunk of files.read(path)) hasher.update(chunk);
  return hasher.digest();
}

function missing(files: PackedFiles, path: string): SlipwayError {
  return new SlipwayError('ARCHIVE_INVALID', `${files.name}: ${path} is missing`, {
    hint: 'the archive is cut off or damaged: save the image again',
  });
}

function parsedOrNothing(text: string): Reference | undefined {
  try {
    return withDefaultTag(parseReference(text));
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}
