/**
 * Which entries of the build cache go. Only rows are taken away here; gc removes what they kept. What an
 * image or the registry has as well is theirs: it is not counted as cache, and forgetting it frees nothing.
 */
import { statfsSync } from 'node:fs';
import type { Digest } from '#core/digest.ts';
import type { CacheBounds, PruneSelection } from '#core/store-report.ts';
import { forgetBuild, forgetFailedRoot } from './build-records.ts';
import { bytesToKeep } from './cache-bounds.ts';
import { type CacheEntry, cacheEntries } from './cache-entries.ts';
import { digestFiles, diskBytes } from './disk-files.ts';
import type { Metadata } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { addReached, LayerForms, ManifestReader, manifestRoots } from './reachable.ts';

export type CachePruning = NonNullable<PruneSelection['cache']>;

/** Call it inside a transaction. `held`: what running commands use, which stays. */
export function forgetCache(
  paths: StorePaths,
  metadata: Metadata,
  pruning: CachePruning & { readonly held: ReadonlySet<Digest> },
): readonly CacheEntry[] {
  const { all = false, bounds, withHistory = all, usedBeforeMs, held } = pruning;
  const elsewhere = neededByImages(paths, metadata);
  const entries = cacheEntries(paths, metadata);
  if (bounds === undefined) forgetFailedRoots(metadata, entries, pruning);
  const may = entries.filter((entry) => {
    const { diffId, mount, build } = entry;
    if (mount?.isInUse === true || build?.status === 'running') return false;
    if (build && !withHistory) return false;
    if (diffId !== undefined && held.has(diffId)) return false;
    if (diffId !== undefined && elsewhere.has(diffId) && (!all || bounds)) return false;
    return usedBeforeMs === undefined || entry.usedAtMs < usedBeforeMs;
  });
  const doomed = bounds
    ? overBounds(may, bounds, { paths, usedBytes: usedBytes(paths, entries, elsewhere) })
    : may;
  for (const entry of doomed) forget(metadata, entry);
  return doomed;
}

/** What the build cache takes, each byte once: the row of `system df`. Call it inside a transaction. */
export function cacheBytes(paths: StorePaths, metadata: Metadata): number {
  return usedBytes(paths, cacheEntries(paths, metadata), neededByImages(paths, metadata));
}

function usedBytes(
  paths: StorePaths,
  entries: readonly CacheEntry[],
  elsewhere: ReadonlySet<Digest>,
): number {
  const own = entries.filter(({ diffId }) => diffId === undefined || !elsewhere.has(diffId));
  const merged = digestFiles(paths, ['merged']).map(({ path }) => diskBytes(path));
  return [...own.map(({ sizeBytes }) => sizeBytes), ...merged].reduce((sum, one) => sum + one, 0);
}

/** The oldest of `may`, as many as it takes to come within the bounds. */
function overBounds(
  may: readonly CacheEntry[],
  bounds: CacheBounds,
  { paths, usedBytes: used }: { readonly paths: StorePaths; readonly usedBytes: number },
): readonly CacheEntry[] {
  const { bavail, bsize } = statfsSync(paths.root);
  const keep = bytesToKeep(bounds, { usedBytes: used, freeBytes: bavail * bsize });
  const doomed: CacheEntry[] = [];
  let left = used;
  for (const entry of may) {
    if (left <= keep) break;
    if (entry.sizeBytes === 0) continue;
    doomed.push(entry);
    left -= entry.sizeBytes;
  }
  return doomed;
}

function forget(metadata: Metadata, { keys, mount, build }: CacheEntry): void {
  if (build) forgetBuild(metadata, build);
  if (mount) {
    const sql = 'DELETE FROM mount_caches WHERE id = ? AND slot = ?';
    metadata.run(sql, mount.id, mount.slot);
  }
  for (const key of keys) metadata.run('DELETE FROM records WHERE key = ?', key);
}

/** They are what a failed build leaves dangling; the records stay. */
function forgetFailedRoots(
  metadata: Metadata,
  entries: readonly CacheEntry[],
  { usedBeforeMs }: CachePruning,
): void {
  for (const { build, usedAtMs } of entries) {
    if (!build || build.status === 'running') continue;
    if (usedBeforeMs === undefined || usedAtMs < usedBeforeMs) forgetFailedRoot(metadata, build);
  }
}

function neededByImages(paths: StorePaths, metadata: Metadata): Set<Digest> {
  const needed = new Set<Digest>();
  addReached(new ManifestReader(paths), manifestRoots(metadata), needed);
  new LayerForms(metadata).addTo(needed);
  return needed;
}
