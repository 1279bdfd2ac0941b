/**
 * Pruning: names and cache records go, and then whatever only they kept. The rows come first, in a
 * transaction of their own: a prune that is killed in between leaves garbage, not names without their
 * content. A dry run does the same and takes the rows back, so that what it says is what the real run
 * would do to the byte.
 */
import { statSync } from 'node:fs';
import { type Digest, digestOf, parseDigest } from '#core/digest.ts';
import type { CacheEntrySummary, PruneSelection } from '#core/store-report.ts';
import { forgetBuild, forgetFailedRoot, type StoredBuild, storedBuilds } from './build-records.ts';
import { diskBytes } from './disk-files.ts';
import { dispose, type GcOptions, type GcResult, takeGarbage } from './gc.ts';
import { type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import { type StoredMountCache, storedMountCaches } from './mount-caches.ts';
import type { StorePaths } from './paths.ts';
import { addReached, heldDigests, LayerForms, ManifestReader, manifestRoots } from './reachable.ts';

/** One manifest of the image store to be forgotten, as it was seen when it was chosen. */
export interface PrunedManifest {
  readonly repository: string;
  readonly digest: Digest;
  /** Its tags then: with others now, somebody has taken it up again and it stays. */
  readonly tags: readonly string[];
}

/** One image with all its manifests. */
export interface PrunedImage {
  readonly imageId: Digest;
  readonly manifests: readonly PrunedManifest[];
}

export type CachePruning = NonNullable<PruneSelection['cache']>;

export interface PruneRequest extends Pick<GcOptions, 'merged'> {
  readonly images?: readonly PrunedImage[];
  /** Absent: the build cache stays. */
  readonly cache?: CachePruning;
  readonly dryRun?: boolean;
}

export interface PruneResult extends GcResult {
  /** What went; images that somebody uses are left out. */
  readonly images: readonly Digest[];
  readonly cache: readonly CacheEntry[];
}

/** A layer that the build cache keeps: all records of it. */
export interface CacheEntry extends CacheEntrySummary {
  readonly diffId?: Digest;
  readonly keys: readonly string[];
  /** Where `isBuild`. */
  readonly build?: StoredBuild;
  /** Where `isMount`. */
  readonly mount?: { readonly id: string; readonly slot: number; readonly isInUse: boolean };
}

/** Images and cache that may go at once, and what only they kept. */
export async function prune(
  paths: StorePaths,
  metadata: Metadata,
  request: PruneRequest,
): Promise<PruneResult> {
  const gc: GcOptions = { merged: request.merged ?? 'all', dryRun: request.dryRun ?? false };
  const forget = () => {
    const held = new Set(heldDigests(metadata));
    const images = (request.images ?? []).filter((image) => forgetImage(metadata, image, held));
    const cache = request.cache ? forgetCache(paths, metadata, { ...request.cache, held }) : [];
    return { images, cache };
  };
  const take = () => takeGarbage(paths, metadata, gc);
  const { images, cache, pieces } = request.dryRun
    ? rolledBack(metadata, () => ({ ...forget(), pieces: take() }))
    : {
        ...metadata.transaction(forget, { durable: true }),
        pieces: metadata.transaction(take),
      };
  const result = await dispose(pieces, gc);
  return { ...result, images: images.map(({ imageId }) => imageId), cache };
}

/** Does the work in a transaction and takes everything back. */
function rolledBack<T>(metadata: Metadata, work: () => T): T {
  const done: T[] = [];
  const stop = new Error('a dry run ends here');
  try {
    metadata.transaction(() => {
      done.push(work());
      throw stop;
    });
  } catch (error) {
    if (error !== stop) throw error;
  }
  const [result] = done;
  if (result === undefined) throw stop;
  return result;
}

/** False, and nothing changed, when the image has other tags by now or somebody works with it. */
function forgetImage(
  metadata: Metadata,
  { imageId, manifests }: PrunedImage,
  held: ReadonlySet<Digest>,
): boolean {
  const isUsed = held.has(imageId) || manifests.some(({ digest }) => held.has(digest));
  if (isUsed || !manifests.every((manifest) => isAsSeen(metadata, manifest))) return false;
  for (const { repository, digest } of manifests) {
    const sql = "DELETE FROM manifests WHERE space = 'images' AND repository = ? AND digest = ?";
    metadata.run(sql, repository, digest);
    metadata.run('DELETE FROM aliases WHERE repository = ? AND target = ?', repository, digest);
  }
  return true;
}

function isAsSeen(metadata: Metadata, { repository, digest, tags }: PrunedManifest): boolean {
  const rows = metadata.all(
    "SELECT tag FROM tags WHERE space = 'images' AND repository = ? AND digest = ?",
    repository,
    digest,
  );
  return rows.length === tags.length && rows.every((row) => tags.includes(textOf(row, 'tag')));
}

/** Every entry of the build cache, the one not used for longest first. */
export function cacheEntries(paths: StorePaths, metadata: Metadata): readonly CacheEntry[] {
  const rows = metadata.all('SELECT * FROM records ORDER BY used_at_ms, key');
  const groups = Map.groupBy(rows, (row) =>
    row.diff_id === null ? textOf(row, 'key') : textOf(row, 'diff_id'),
  );
  const entries = [
    ...[...groups].map(([id, records]) => entryOf(paths, id, records)),
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

function entryOf(paths: StorePaths, id: string, records: readonly Row[]): CacheEntry {
  const [first] = records;
  const diffId = first && first.diff_id !== null ? parseDigest(id) : undefined;
  return {
    id,
    ...(diffId ? { diffId } : {}),
    sizeBytes: diffId ? layerBytes(paths, diffId) : 0,
    description: first ? textOf(first, 'description') : '',
    createdAt: first ? textOf(first, 'created_at') : '',
    usedAtMs: Math.max(...records.map((row) => numberOf(row, 'used_at_ms'))),
    uses: records.reduce((sum, row) => sum + numberOf(row, 'uses'), 0),
    keys: records.map((row) => textOf(row, 'key')),
  };
}

function forgetCache(
  paths: StorePaths,
  metadata: Metadata,
  pruning: CachePruning & { readonly held: ReadonlySet<Digest> },
): readonly CacheEntry[] {
  const needed = pruning.all ? new Set<Digest>() : neededByImages(paths, metadata);
  const entries = cacheEntries(paths, metadata);
  if (pruning.keepBytes === undefined) forgetFailedRoots(metadata, entries, pruning);
  const may = entries.filter(({ diffId, usedAtMs, mount, build }) => {
    if (mount?.isInUse === true || build?.status === 'running') return false;
    if (build && pruning.all !== true) return false;
    if (diffId !== undefined && (pruning.held.has(diffId) || needed.has(diffId))) return false;
    return pruning.usedBeforeMs === undefined || usedAtMs < pruning.usedBeforeMs;
  });
  const total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const doomed = pruning.keepBytes === undefined ? may : overLimit(may, total, pruning.keepBytes);
  for (const { keys, mount, build } of doomed) {
    if (build) forgetBuild(metadata, build);
    if (mount) {
      const sql = 'DELETE FROM mount_caches WHERE id = ? AND slot = ?';
      metadata.run(sql, mount.id, mount.slot);
    }
    for (const key of keys) metadata.run('DELETE FROM records WHERE key = ?', key);
  }
  return doomed;
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

/** The oldest of `may`, as many as it takes to come below the limit. */
function overLimit(
  may: readonly CacheEntry[],
  totalBytes: number,
  keepBytes: number,
): readonly CacheEntry[] {
  const doomed: CacheEntry[] = [];
  let left = totalBytes;
  for (const entry of may) {
    if (left <= keepBytes) break;
    doomed.push(entry);
    left -= entry.sizeBytes;
  }
  return doomed;
}

/** What a layer takes: tar, index and unpacked folder. */
function layerBytes(paths: StorePaths, diffId: Digest): number {
  const places = [paths.blob(diffId), paths.index(diffId), paths.folder(diffId)];
  return places.reduce((sum, path) => sum + diskBytes(path), 0);
}

function neededByImages(paths: StorePaths, metadata: Metadata): Set<Digest> {
  const needed = new Set<Digest>();
  addReached(new ManifestReader(paths), manifestRoots(metadata), needed);
  new LayerForms(metadata).addTo(needed);
  return needed;
}
