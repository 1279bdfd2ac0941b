/**
 * Garbage collection. Deciding happens in one write transaction, in which everything unreachable is
 * renamed into trash/; deleting happens afterwards. Writers record their hold before they look for a
 * blob or put one in place (leases.ts), so they come entirely before or entirely after the decision,
 * and no other process has to stop.
 */
import { readdirSync, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { digestIn, type Metadata, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { neededInRegistry, reachableDigests } from './reachable.ts';
import { LINK_GRACE_MS } from './registry-links.ts';
import { UPLOAD_TTL_MS } from './uploads.ts';

/** Merged images nobody holds are kept this long after their last change: they cost time to make. */
const MERGED_TTL_MS = 7 * 24 * 60 * 60 * 1000;

export interface GcOptions {
  /** Only say what would be removed. */
  readonly dryRun?: boolean;
}

export interface GcResult {
  /** Blobs. What was derived from them (indexes, unpacked folders) goes with them, unlisted. */
  readonly removed: readonly Digest[];
  /** Of blobs and indexes. */
  readonly freedBytes: number;
}

/** A file or folder named by a digest. */
interface Candidate {
  readonly digest: Digest;
  readonly path: string;
}

/** Removes what nothing needs. */
export async function collectGarbage(
  paths: StorePaths,
  metadata: Metadata,
  options: GcOptions,
): Promise<GcResult> {
  const { result, trash } = metadata.transaction(() => {
    const reached = reachableDigests(paths, metadata);
    const blobs = unreached(candidatesIn(paths.blobs, ''), reached);
    const derived = [
      ...unreached(candidatesIn(paths.indexes, '.erofs'), reached),
      ...unreached(candidatesIn(paths.folders, ''), reached),
      ...unreached(candidatesIn(paths.merged, '.erofs'), reached).filter(isOldMerged),
    ];
    const result: GcResult = {
      removed: blobs.map(({ digest }) => digest),
      freedBytes: [...blobs, ...derived].reduce((sum, { path }) => sum + fileSize(path), 0),
    };
    if (options.dryRun) return { result, trash: [] };
    forgetRows(paths, metadata, reached);
    const uploads = abandonedUploads(paths, metadata);
    const doomed = [...blobs, ...derived].map(({ path }) => path);
    return { result, trash: [...doomed, ...uploads].map((path) => discard(paths, path)) };
  });
  for (const path of trash) await rm(path, { recursive: true, force: true });
  return result;
}

function candidatesIn(folder: string, suffix: string): Candidate[] {
  return ['sha256', 'sha512'].flatMap((algorithm) =>
    namesIn(join(folder, algorithm)).flatMap((name) => {
      const digest = `${algorithm}:${name.slice(0, name.length - suffix.length)}`;
      // A foreign file is not ours to remove.
      if (!name.endsWith(suffix) || !isDigest(digest)) return [];
      return [{ digest, path: join(folder, algorithm, name) }];
    }),
  );
}

function unreached(candidates: readonly Candidate[], reached: ReadonlySet<Digest>): Candidate[] {
  return candidates.filter(({ digest }) => !reached.has(digest));
}

function isOldMerged({ path }: Candidate): boolean {
  return statSync(path).mtimeMs < Date.now() - MERGED_TTL_MS;
}

/** Links and facts about blobs that are going. */
function forgetRows(paths: StorePaths, metadata: Metadata, reached: ReadonlySet<Digest>): void {
  for (const row of metadata.all('SELECT DISTINCT digest FROM compressed')) {
    const digest = digestIn(row, 'digest');
    if (!reached.has(digest)) metadata.run('DELETE FROM compressed WHERE digest = ?', digest);
  }
  dropStaleLinks(paths, metadata);
}

/** Old links that no manifest of their own repository needs. */
function dropStaleLinks(paths: StorePaths, metadata: Metadata): void {
  const stale = metadata.all(
    'SELECT repository, digest FROM links WHERE linked_at_ms <= ?',
    Date.now() - LINK_GRACE_MS,
  );
  for (const [repository, links] of Map.groupBy(stale, (row) => textOf(row, 'repository'))) {
    const needed = neededInRegistry(paths, metadata, repository);
    for (const link of links) {
      const digest = digestIn(link, 'digest');
      if (needed.has(digest)) continue;
      metadata.run('DELETE FROM links WHERE repository = ? AND digest = ?', repository, digest);
    }
  }
}

function abandonedUploads(paths: StorePaths, metadata: Metadata): string[] {
  const before = Date.now() - UPLOAD_TTL_MS;
  const rows = metadata.all('DELETE FROM uploads WHERE touched_at_ms < ? RETURNING id', before);
  return rows.map((row) => paths.upload(textOf(row, 'id')));
}

/** Renames out of sight; gives the new path. */
function discard(paths: StorePaths, path: string): string {
  const trash = paths.temporary('trash');
  try {
    renameSync(path, trash);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return trash;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Zero for folders: counting them would cost more than removing them. */
function fileSize(path: string): number {
  const stats = statSync(path);
  return stats.isFile() ? stats.size : 0;
}
