/**
 * The images of a docker-archive (`docker save` before 25, podman, skopeo, kaniko, bazel) for
 * reading: manifest.json names config and layer files. The format has no manifests, so one is made
 * for each image, the same every time; plain layers are known by their diffID, without hashing.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeImageConfig } from '#core/image-config.ts';
import { type JsonValue, ObjectReader, parseJson } from '#core/json.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG } from '#core/media-type.ts';
import { parseReference, type Reference, withDefaultTag } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { archivedLayer, fileMissing } from './archived-layers.ts';
import { readLegacyArchive } from './legacy-archive.ts';
import { type PackedFiles, readDocument } from './packed-files.ts';
import type { PackedBlob, PackedContents, PackedImage } from './packed-repository.ts';

const MANIFEST_FILE = 'manifest.json';
const DOCUMENT_SIZE_BYTES_MAX = 16 * 1024 * 1024;
const IMAGES_MAX = 10_000;

/**
 * Undefined when there is neither manifest.json nor what docker wrote before it had one.
 * @throws ARCHIVE_INVALID, MANIFEST_INVALID, FILE_UNUSABLE (skopeo's form dir)
 */
export async function readDockerArchive(files: PackedFiles): Promise<PackedContents | undefined> {
  const bytes = await readDocument(files, MANIFEST_FILE, DOCUMENT_SIZE_BYTES_MAX);
  if (!bytes) return await readLegacyArchive(files);
  const items = decodeItems(listIn(bytes, files.name), files.name);
  if (items.length > IMAGES_MAX) {
    const message = `${files.name}: ${MANIFEST_FILE} lists ${items.length} images, more than ${IMAGES_MAX}`;
    throw new SlipwayError('ARCHIVE_INVALID', message, { hint: 'save them in several archives' });
  }
  const places = new Map<Digest, PackedBlob>();
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

/** @throws FILE_UNUSABLE for containers/image's `dir:`, whose manifest.json is a registry's manifest */
function listIn(bytes: Uint8Array, where: string): JsonValue {
  const list = inArchive(where, () => parseJson(bytes, MANIFEST_FILE));
  const isManifest = typeof list === 'object' && list !== null && 'schemaVersion' in list;
  if (!isManifest) return list;
  throw new SlipwayError(
    'FILE_UNUSABLE',
    `${where} is not an image archive but a folder of skopeo's form dir, which names no image`,
    {
      hint: `skopeo copy dir:${where} oci-archive:images.tar:NAME, or "podman save --format oci-archive"`,
      detail: { found: 'dir' },
    },
  );
}

function decodeItems(list: JsonValue, where: string): readonly Item[] {
  return inArchive(where, () => {
    // Wrapped, so that an error points at the element.
    const top = new ObjectReader({ images: list }, MANIFEST_FILE);
    return top.objects('images').map((item) => ({
      config: item.string('Config'),
      names: item.strings('RepoTags'),
      layers: item.strings('Layers'),
    }));
  });
}

function inArchive<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isSlipwayError(cause)) throw cause;
    throw new SlipwayError('ARCHIVE_INVALID', `${where}: ${cause.message}`, { cause });
  }
}

async function manifestOf(
  files: PackedFiles,
  item: Item,
  places: Map<Digest, PackedBlob>,
): Promise<RawManifest> {
  const bytes = await readDocument(files, item.config, DOCUMENT_SIZE_BYTES_MAX);
  if (!bytes) throw fileMissing(files, item.config);
  const diffIds = decodeImageConfig(bytes).rootfs.diff_ids;
  if (diffIds.length !== item.layers.length) {
    throw new SlipwayError(
      'ARCHIVE_INVALID',
      `${files.name}: an image lists ${item.layers.length} layers, its config ${diffIds.length}`,
    );
  }
  const digest = digestOf(bytes);
  places.set(digest, { path: item.config });
  const layers: Descriptor[] = [];
  for (const [i, diffId] of diffIds.entries()) {
    const { descriptor, place } = await archivedLayer(files, item.layers[i] ?? '', diffId);
    places.set(descriptor.digest, place);
    layers.push(descriptor);
  }
  const config = { mediaType: OCI_CONFIG, digest, size: bytes.byteLength };
  return encodeImageManifest({ config, layers });
}

function parsedOrNothing(text: string): Reference | undefined {
  try {
    return withDefaultTag(parseReference(text));
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}
