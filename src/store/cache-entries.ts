/**
 * What the build cache keeps, as entries: layers with all records of each, folders of cache mounts, and
 * records of builds with their logs.
 */
import { statSync } from 'node:fs';
import { type Digest, digestOf, parseDigest } from '#core/digest.ts';
import type { CacheEntrySummary } from '#core/store-report.ts';
import { type StoredBuild, storedBuilds } from './build-records.ts';
import { diskBytes } from './disk-files.ts';
import { type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import { type StoredMountCache, storedMountCaches } from './mount-caches.ts';
import type { StorePaths } from './paths.ts';
import { LayerForms } from './reachable.ts';

/** A layer that the build cache keeps: all records of it. */
export interface CacheEntry extends CacheEntrySummary {
  readonly diffId?: Digest;
  readonly keys: readonly string[];
  /** Where `isBuild`. */
  readonly build?: StoredBuild;
  /** Where `isMount`. */
  readonly mount?: { readonly id: string; readonly slot: number; readonly isInUse: boolean };
}

/** Every entry of the build cache, the one not used for longest first. */
export function cacheEntries(paths: StorePaths, metadata: Metadata): readonly CacheEntry[] {
  const rows = metadata.all('SELECT * FROM records ORDER BY used_at_ms, key');
  const forms = new LayerForms(metadata);
  const groups = Map.groupBy(rows, (row) =>
    row.diff_id === null ? textOf(row, 'key') : textOf(row, 'diff_id'),
  );
  const entries = [
    ...[...groups].map(([id, records]) => entryOf(paths, { id, records, forms })),
    ...storedMountCaches(paths, metadata).map(mountEntry),
    ...storedBuilds(paths, metadata).map(buildEntry),
  ];
  return entries.sort((a, b) => a.usedAtMs - b.usedAtMs || (a.id < b.id ? -1 : 1));
}

function mountEntry({ id, slot, path, usedAtMs, uses, isInUse }: StoredMountCache): CacheEntry {
  const stats = statSync(path, { throwIfNoEntry: false });
  return {
    id: digestOf(`${id} ${slot}`),
    sizeBytes: diskBytes(path),
    description: `cached mount ${id}`,
    createdAt: (stats?.birthtime ?? new Date(usedAtMs)).toISOString(),
    usedAtMs,
    uses,
    keys: [],
    isMount: true,
    mount: { id, slot, isInUse },
  };
}

/** Its log; a failed step's root is an image. */
function buildEntry(build: StoredBuild): CacheEntry {
  const { ref, startedAtMs, endedAtMs, logBytes, document } = build;
  return {
    id: ref,
    sizeBytes: logBytes,
    description: `record of build ${document.name}`,
    createdAt: new Date(startedAtMs).toISOString(),
    usedAtMs: endedAtMs ?? startedAtMs,
    uses: 0,
    keys: [],
    isBuild: true,
    build,
  };
}

function entryOf(
  paths: StorePaths,
  {
    id,
    records,
    forms,
  }: { readonly id: string; readonly records: readonly Row[]; readonly forms: LayerForms },
): CacheEntry {
  const [first] = records;
  const diffId = first && first.diff_id !== null ? parseDigest(id) : undefined;
  return {
    id,
    ...(diffId ? { diffId } : {}),
    sizeBytes: diffId ? layerBytes(paths, diffId, forms.compressed(diffId)) : 0,
    description: first ? textOf(first, 'description') : '',
    createdAt: first ? textOf(first, 'created_at') : '',
    usedAtMs: Math.max(...records.map((row) => numberOf(row, 'used_at_ms'))),
    uses: records.reduce((sum, row) => sum + numberOf(row, 'uses'), 0),
    keys: records.map((row) => textOf(row, 'key')),
  };
}

/** What a layer takes: tar, index and unpacked folder, and its compressed forms. */
function layerBytes(paths: StorePaths, diffId: Digest, forms: readonly Digest[]): number {
  const places = [
    paths.blob(diffId),
    paths.index(diffId),
    paths.folder(diffId),
    ...forms.map((digest) => paths.blob(digest)),
  ];
  return places.reduce((sum, path) => sum + diskBytes(path), 0);
}
