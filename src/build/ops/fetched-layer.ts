/**
 * What was fetched from elsewhere, kept as a layer of its own under a cache record: found again by the
 * next build, dropped by prune as any step is. A source is then read as COPY --from reads a stage.
 */
import { statSync } from 'node:fs';
import type { EntrySource } from '#archive/entry.ts';
import type { Digest } from '#core/digest.ts';
import type { JsonValue } from '#core/json.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import { writeLayer } from '#layer/layer-writer.ts';
import type { CacheKey } from '../cache-key.ts';
import { type BuildSession, timestamp } from '../session.ts';
import type { StageLayer } from '../state.ts';

export interface FetchedLayer {
  readonly layer: StageLayer;
  /** What was remembered with it. */
  readonly extra?: JsonValue;
}

/** What was fetched under this key, unless nothing may come from the cache. */
export function findFetched(session: BuildSession, key: CacheKey): FetchedLayer | undefined {
  if (session.noCache) return undefined;
  const record = session.store.records.find(key, session.lease);
  if (record?.diffId === undefined) return undefined;
  const { diffId, extra } = record;
  const { size } = statSync(session.store.paths.blob(diffId));
  return { layer: layerOf(diffId, size), ...(extra === undefined ? {} : { extra }) };
}

export async function keepFetched(
  session: BuildSession,
  entries: Iterable<EntrySource> | AsyncIterable<EntrySource>,
  record: {
    readonly keys: readonly CacheKey[];
    readonly description: string;
    readonly extra?: JsonValue;
  },
): Promise<FetchedLayer> {
  const { store, lease } = session;
  await using ingest = await store.blobs(lease).ingest();
  const { diffId, size, index } = await writeLayer(entries, ingest);
  await store.layers.addIndex(diffId, index);
  const { description, extra } = record;
  const createdAt = timestamp(session);
  const kept = { diffId, createdAt, description, ...(extra === undefined ? {} : { extra }) };
  const keys = session.trial === undefined ? record.keys : [];
  for (const key of keys) store.records.save({ key, ...kept });
  await session.cap?.grown(size);
  return { layer: layerOf(diffId, size), ...(extra === undefined ? {} : { extra }) };
}

function layerOf(diffId: Digest, size: number): StageLayer {
  return { diffId, descriptor: { mediaType: OCI_LAYER, digest: diffId, size } };
}
