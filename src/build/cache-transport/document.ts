/**
 * A build cache as a document: which step keys gave which layers. As the config of a cache image its
 * layers are those of the manifest, one by one; as an annotation of an image (inline cache) the same.
 */
import { type Digest, isDigest, parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import type { CacheRecord } from '#store/cache-records.ts';

export const CACHE_CONFIG_TYPE = 'application/vnd.slipway.cache.config.v1+json';
/** On the manifest of an image that brings its cache along. */
export const INLINE_ANNOTATION = 'io.slipway.cache.v1';

/** Far above what builds have; a hostile document must not fill the memory. */
const RECORDS_MAX = 100_000;
const MOUNTS_MAX = 1000;
const ID_LENGTH_MAX = 4096;
export const DOCUMENT_BYTES_MAX = 32 * 1024 * 1024;

/** RFC 3339, as configs of images have it. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** What steers a terminal: descriptions are shown by logs and "builder du". Lines and tabs stay. */
const CONTROL = /[^\P{Cc}\n\t]/gu;

export interface CacheDocument {
  /** DiffIDs, in the order of the manifest's layers. */
  readonly layers: readonly Digest[];
  readonly records: readonly CacheDocumentRecord[];
  /** Which of the layers has what the steps were made of; absent: none. */
  readonly facts?: number;
  readonly mounts: readonly CacheDocumentMount[];
}

/** The folder of a RUN --mount=type=cache. */
export interface CacheDocumentMount {
  readonly id: string;
  /** Which of the layers, from 0. */
  readonly layer: number;
}

export interface CacheDocumentRecord
  extends Pick<CacheRecord, 'key' | 'createdAt' | 'description'> {
  /** Which of the layers, from 0. */
  readonly layer: number;
}

/** What a cache has besides records, by the layers that it is in. */
export interface CacheExtras {
  readonly facts?: Digest;
  readonly mounts: readonly { readonly id: string; readonly diffId: Digest }[];
}

/** The records of these layers; the same records give the same bytes. */
export function cacheDocument(
  layers: readonly Digest[],
  records: readonly CacheRecord[],
  extras: CacheExtras = { mounts: [] },
): CacheDocument {
  const places = new Map(layers.map((diffId, i) => [diffId, i]));
  const listed = records.flatMap(({ key, createdAt, description, diffId }) => {
    const layer = diffId === undefined ? undefined : places.get(diffId);
    return layer === undefined ? [] : [{ key, layer, createdAt, description }];
  });
  const facts = extras.facts && places.get(extras.facts);
  const mounts = extras.mounts.flatMap(({ id, diffId }) => {
    const layer = places.get(diffId);
    return layer === undefined ? [] : [{ id, layer }];
  });
  return {
    layers,
    records: listed.sort((a, b) => (a.key < b.key ? -1 : 1)),
    ...(facts === undefined ? {} : { facts }),
    mounts: mounts.sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

export function encodeCache({ mounts, ...document }: CacheDocument): string {
  return JSON.stringify({ version: 1, ...document, ...(mounts.length > 0 ? { mounts } : {}) });
}

/** @throws CACHE_INVALID */
export function decodeCache(text: Uint8Array): CacheDocument {
  try {
    const top = new ObjectReader(parseJson(text, 'build cache'), 'build cache');
    if (top.optionalNumber('version') !== 1) top.refuse('version', '1');
    const layers = top.strings('layers').map(parseDigest);
    const records = top.objects('records');
    if (records.length > RECORDS_MAX) top.refuse('records', `at most ${RECORDS_MAX} records`);
    const mounts = top.objects('mounts');
    if (mounts.length > MOUNTS_MAX) top.refuse('mounts', `at most ${MOUNTS_MAX} mounts`);
    return {
      layers,
      records: records.map((record) => recordIn(record, layers.length)),
      ...(top.has('facts') ? { facts: layerIn(top, 'facts', layers.length) } : {}),
      mounts: mounts.map((mount) => mountIn(mount, layers.length)),
    };
  } catch (cause) {
    if (!(cause instanceof SlipwayError)) throw cause;
    throw cacheInvalid(cause.message, cause);
  }
}

export function cacheInvalid(reason: string, cause?: unknown): SlipwayError {
  return new SlipwayError('CACHE_INVALID', `build cache invalid: ${reason}`, {
    hint: 'name an image that "slipway build --cache-to" wrote',
    ...(cause === undefined ? {} : { cause }),
  });
}

function recordIn(reader: ObjectReader, layers: number): CacheDocumentRecord {
  const key = reader.string('key');
  if (!isDigest(key)) reader.refuse('key', 'a digest');
  const layer = layerIn(reader, 'layer', layers);
  // It becomes part of the history of images.
  const createdAt = reader.string('createdAt');
  if (!TIME.test(createdAt) || Number.isNaN(Date.parse(createdAt)))
    reader.refuse('createdAt', 'a time');
  return {
    key,
    layer,
    createdAt,
    description: reader.string('description').replace(CONTROL, ''),
  };
}

function mountIn(reader: ObjectReader, layers: number): CacheDocumentMount {
  const id = reader.string('id');
  if (id.length > ID_LENGTH_MAX) reader.refuse('id', `at most ${ID_LENGTH_MAX} letters`);
  return { id, layer: layerIn(reader, 'layer', layers) };
}

function layerIn(reader: ObjectReader, key: string, layers: number): number {
  const layer = reader.size(key);
  return layer < layers ? layer : reader.refuse(key, 'the number of a layer');
}
