/**
 * Garbage collection. Deciding happens in one write transaction, in which everything unreachable is
 * renamed into trash/; deleting happens afterwards. Writers record their hold before they look for a
 * blob or put one in place (leases.ts), so they come entirely before or entirely after the decision,
 * and no other process has to stop.
 */
import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Digest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { diskBytes } from './disk-files.ts';
import { type Garbage, type GarbageKind, type PlanOptions, planGarbage } from './garbage.ts';
import { digestIn, type Metadata, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { neededInRegistry } from './reachable.ts';
import { LINK_GRACE_MS } from './registry-links.ts';
import { forgetOldPlaces } from './registry-memory.ts';
import { UPLOAD_TTL_MS } from './uploads.ts';

export interface GcOptions extends PlanOptions {
  /** Only say what would be removed, to the byte. */
  readonly dryRun?: boolean;
}

export interface GcResult {
  /** Blobs. What was derived from them (indexes, unpacked folders) goes with them, unlisted. */
  readonly removed: readonly Digest[];
  /** Of everything removed, as `du -sb` counts it. */
  readonly freedBytes: number;
  /** The same by kind; kinds of which nothing went are left out. */
  readonly freed: Readonly<Partial<Record<GarbageKind, Freed>>>;
}

export interface Freed {
  readonly count: number;
  readonly bytes: number;
}

/** Removes what nothing needs. */
export async function collectGarbage(
  paths: StorePaths,
  metadata: Metadata,
  options: GcOptions,
): Promise<GcResult> {
  const pieces = metadata.transaction(() => takeGarbage(paths, metadata, options));
  return await dispose(pieces, options);
}

/** Garbage and where it lies now: in trash/, or for a dry run where it was. */
export interface TakenGarbage extends Garbage {
  readonly at: string;
}

/** The part of gc that belongs inside a transaction. {@link dispose} must follow. */
export function takeGarbage(
  paths: StorePaths,
  metadata: Metadata,
  options: GcOptions,
): readonly TakenGarbage[] {
  const { garbage, reached } = planGarbage(paths, metadata, options);
  if (options.dryRun) return garbage.map((piece) => ({ ...piece, at: piece.path }));
  forgetRows(paths, metadata, reached);
  return garbage.map((piece) => ({ ...piece, at: discard(paths, piece.path) }));
}

/** Measures and, unless it is a dry run, deletes. Measuring large folders is not for a transaction. */
export async function dispose(
  pieces: readonly TakenGarbage[],
  { dryRun }: GcOptions,
): Promise<GcResult> {
  const freed: Partial<Record<GarbageKind, Freed>> = {};
  for (const { kind, at } of pieces) {
    const { count, bytes } = freed[kind] ?? { count: 0, bytes: 0 };
    freed[kind] = { count: count + 1, bytes: bytes + diskBytes(at) };
    if (!dryRun) await rm(at, { recursive: true, force: true });
  }
  return {
    removed: pieces.flatMap(({ kind, digest }) => (kind === 'blob' && digest ? [digest] : [])),
    freedBytes: Object.values(freed).reduce((sum, { bytes }) => sum + bytes, 0),
    freed,
  };
}

/** Links, sessions and facts about what is going. */
function forgetRows(paths: StorePaths, metadata: Metadata, reached: ReadonlySet<Digest>): void {
  for (const row of metadata.all('SELECT DISTINCT digest FROM compressed')) {
    const digest = digestIn(row, 'digest');
    if (!reached.has(digest)) metadata.run('DELETE FROM compressed WHERE digest = ?', digest);
  }
  for (const row of metadata.all('SELECT DISTINCT diff_id FROM guarded_layers')) {
    const diffId = digestIn(row, 'diff_id');
    if (!reached.has(diffId)) metadata.run('DELETE FROM guarded_layers WHERE diff_id = ?', diffId);
  }
  metadata.run('DELETE FROM uploads WHERE touched_at_ms < ?', Date.now() - UPLOAD_TTL_MS);
  forgetOldPlaces(metadata);
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
