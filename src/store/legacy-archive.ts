/**
 * What docker wrote before 1.10: a folder per layer with `VERSION`, `json` (the image config of that
 * time, with the parent's ID) and `layer.tar`, and `repositories` saying which folder is which name.
 * Config and manifest are made from them as docker does when it loads such an archive, the same every
 * time: what docker 1.8.3 and later wrote gets the image ID that docker gives it.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeImageConfig } from '#core/image-config.ts';
import { type JsonObject, ObjectReader, parseJson } from '#core/json.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG } from '#core/media-type.ts';
import { parseReference, type Reference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { archivedLayer, diffIdOf, fileMissing } from './archived-layers.ts';
import { type PackedFiles, readDocument } from './packed-files.ts';
import type { PackedBlob, PackedContents, PackedImage } from './packed-repository.ts';

const REPOSITORIES_FILE = 'repositories';
const DOCUMENT_SIZE_BYTES_MAX = 16 * 1024 * 1024;
/** docker allowed 127. */
const LAYERS_MAX = 1000;

/** Undefined when there is no `repositories`. @throws ARCHIVE_INVALID */
export async function readLegacyArchive(files: PackedFiles): Promise<PackedContents | undefined> {
  const bytes = await readDocument(files, REPOSITORIES_FILE, DOCUMENT_SIZE_BYTES_MAX);
  if (!bytes) return undefined;
  const tops = topsOf(bytes, files);
  if (tops.size === 0) throw broken(files, `${REPOSITORIES_FILE} names no image`);
  const places = new Map<Digest, PackedBlob>();
  const documents = new Map<Digest, Uint8Array>();
  const manifests: RawManifest[] = [];
  const images: PackedImage[] = [];
  for (const [top, names] of tops) {
    const { config, layers } = await imageOf(files, { top, places });
    const digest = digestOf(config);
    documents.set(digest, config);
    const manifest = encodeImageManifest({
      config: { mediaType: OCI_CONFIG, digest, size: config.byteLength },
      layers,
    });
    manifests.push(manifest);
    const refNames = names.flatMap(({ tag }) => tag ?? []);
    images.push({ manifest: descriptorOf(manifest), names, refNames });
  }
  return { images, manifests, places, documents };
}

/** Names by the folder they mean. */
function topsOf(bytes: Uint8Array, files: PackedFiles): ReadonlyMap<string, readonly Reference[]> {
  return inArchive(files, () => {
    const tops = new Map<string, Reference[]>();
    const repositories = new ObjectReader(parseJson(bytes, REPOSITORIES_FILE), REPOSITORIES_FILE);
    for (const name of repositories.keys()) {
      const tags = repositories.object(name);
      for (const tag of tags.keys()) {
        const top = folderName(tags.string(tag), files);
        tops.set(top, [...(tops.get(top) ?? []), parseReference(`${name}:${tag}`)]);
      }
    }
    return tops;
  });
}

interface LegacyLayer {
  readonly id: string;
  readonly json: ObjectReader;
}

async function imageOf(
  files: PackedFiles,
  { top, places }: { readonly top: string; readonly places: Map<Digest, PackedBlob> },
): Promise<{ readonly config: Uint8Array; readonly layers: readonly Descriptor[] }> {
  const chain = await chainOf(files, top);
  const diffIds: Digest[] = [];
  const layers: Descriptor[] = [];
  for (const { id } of chain) {
    const path = `${id}/layer.tar`;
    const diffId = await diffIdOf(files, path);
    const { descriptor, place } = await archivedLayer(files, path, diffId);
    places.set(descriptor.digest, place);
    diffIds.push(diffId);
    layers.push(descriptor);
  }
  const config = inArchive(files, () => configOf(chain, diffIds));
  return { config, layers };
}

/** Base first. */
async function chainOf(files: PackedFiles, top: string): Promise<readonly LegacyLayer[]> {
  const chain: LegacyLayer[] = [];
  const seen = new Set<string>();
  let id: string | undefined = top;
  while (id !== undefined) {
    if (seen.has(id)) throw broken(files, `the parents of ${top} lead in a circle`);
    if (seen.size === LAYERS_MAX) throw broken(files, `${top} has more than ${LAYERS_MAX} layers`);
    seen.add(id);
    const layer: LegacyLayer = { id, json: await readJson(files, `${id}/json`) };
    chain.unshift(layer);
    const parent: string | undefined = inArchive(files, () => layer.json.optionalString('parent'));
    id = parent ? folderName(parent, files) : undefined;
  }
  return chain;
}

async function readJson(files: PackedFiles, path: string): Promise<ObjectReader> {
  const bytes = await readDocument(files, path, DOCUMENT_SIZE_BYTES_MAX);
  if (!bytes) throw fileMissing(files, path);
  return inArchive(files, () => new ObjectReader(parseJson(bytes, path), path));
}

/** It becomes part of a path. */
function folderName(id: string, files: PackedFiles): string {
  if (/^[0-9a-f]{64}$/.test(id)) return id;
  throw broken(files, `${JSON.stringify(id)} is no layer ID`);
}

/** Of the layer, not of the image. */
const LAYER_FIELDS = ['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway'];

/** docker's own document: all other fields of the top layer, sorted by name. */
function configOf(chain: readonly LegacyLayer[], diffIds: readonly Digest[]): Uint8Array {
  const top = chain.at(-1)?.json;
  if (!top) throw new Error('invariant broken: an image without layers');
  const kept = top.keys().filter((key) => !LAYER_FIELDS.includes(key));
  const document: JsonObject = {
    architecture: 'amd64',
    os: 'linux',
    ...Object.fromEntries(kept.map((key) => [key, top.raw(key) ?? null])),
    history: chain.map(({ json }) => historyOf(json)),
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const sorted = Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1));
  const bytes = Buffer.from(escapeHtml(JSON.stringify(Object.fromEntries(sorted))));
  decodeImageConfig(bytes);
  return bytes;
}

/** As Go's JSON encoder does, whose bytes decide the image ID. */
function escapeHtml(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}

function historyOf(json: ObjectReader): JsonObject {
  const command = json.optionalObject('container_config')?.strings('Cmd') ?? [];
  const text = (key: string): JsonObject => {
    const value = json.optionalString(key);
    return value ? { [key]: value } : {};
  };
  return {
    ...text('created'),
    ...text('author'),
    ...(command.length > 0 ? { created_by: command.join(' ') } : {}),
    ...text('comment'),
  };
}

function inArchive<T>(files: PackedFiles, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const codes = ['JSON_INVALID', 'MANIFEST_INVALID', 'REFERENCE_INVALID'] as const;
    if (!isSlipwayError(cause, ...codes)) throw cause;
    throw broken(files, cause.message, cause);
  }
}

function broken({ name }: PackedFiles, what: string, cause?: unknown): SlipwayError {
  return new SlipwayError('ARCHIVE_INVALID', `${name}: ${what}`, {
    hint: 'the archive is damaged: save the image again',
    ...(cause === undefined ? {} : { cause }),
  });
}
