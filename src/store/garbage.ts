/**
 * What garbage is, for the whole store at once: what `why` and `df` tell about, and a dry run of prune
 * measures. Made inside a transaction, since it is true only while nobody else writes. gc itself asks
 * piece by piece (sweep.ts), by the same rules.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '#core/digest.ts';
import { storedBuilds } from './build-records.ts';
import { type DigestFile, type DigestFileKind, digestFiles, namesIn } from './disk-files.ts';
import { INCOMING_TTL_MS } from './incoming.ts';
import { type Metadata, textOf } from './metadata.ts';
import { storedMountCaches } from './mount-caches.ts';
import { PARTIAL_TTL_MS } from './partial-file.ts';
import type { StorePaths } from './paths.ts';
import { reachableDigests } from './reachable.ts';
import { UPLOAD_TTL_MS } from './uploads.ts';

/** Merged images are kept this long after their last use: they cost time to make. */
export const MERGED_TTL_MS = 7 * 24 * 60 * 60 * 1000;

export type GarbageKind = DigestFileKind | 'upload' | 'partial' | 'incoming' | 'mount' | 'log';

/** A file or folder that nothing needs. */
export interface Garbage {
  readonly kind: GarbageKind;
  /** Absent for uploads, partial downloads, volumes, cache mounts and logs. */
  readonly digest?: Digest;
  readonly path: string;
}

export interface GarbagePlan {
  readonly garbage: readonly Garbage[];
  /** Everything that must stay. */
  readonly reached: ReadonlySet<Digest>;
}

export interface PlanOptions {
  /** Merged images: those unused for a week (the default), or all while nothing is running. */
  readonly merged?: 'old' | 'all';
}

/** Call it inside a transaction. */
export function planGarbage(
  paths: StorePaths,
  metadata: Metadata,
  options: PlanOptions = {},
): GarbagePlan {
  const reached = reachableDigests(paths, metadata);
  const isUseless = mergedRule(metadata, options);
  const garbage = digestFiles(paths).filter(
    (file) => !reached.has(file.digest) && (file.kind !== 'merged' || isUseless(file)),
  );
  const abandoned = abandonedFiles(paths, metadata, Date.now() - UPLOAD_TTL_MS);
  return { garbage: [...garbage, ...abandoned], reached };
}

/** What is no content. `uploadsBeforeMs`: sessions that nobody has touched since. */
export function abandonedFiles(
  paths: StorePaths,
  metadata: Metadata,
  uploadsBeforeMs: number,
): readonly Garbage[] {
  return [
    ...abandonedUploads(paths, metadata, uploadsBeforeMs),
    ...abandonedPartials(paths),
    ...abandonedVolumes(paths),
    ...unwantedMounts(paths, metadata),
    ...unwantedLogs(paths, metadata),
  ];
}

/**
 * Whether a merged image may go. A running build or container holds its layers, not its chain, so
 * "all" means none as long as there is any lease. A mount keeps an image that is gone, but not a
 * folder: those stay while anything runs.
 */
export function mergedRule(
  metadata: Metadata,
  { merged = 'old' }: PlanOptions,
): (file: DigestFile) => boolean {
  const isIdle = metadata.get('SELECT 1 FROM leases LIMIT 1') === undefined;
  if (merged === 'all' && isIdle) return () => true;
  const before = Date.now() - MERGED_TTL_MS;
  return ({ path }) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true && !isIdle) return false;
    return (stats?.mtimeMs ?? before) < before;
  };
}

/** Sessions nobody touched since then, and files of a session that was never recorded. */
export function abandonedUploads(
  paths: StorePaths,
  metadata: Metadata,
  before: number = Date.now() - UPLOAD_TTL_MS,
): readonly Garbage[] {
  const sessions = new Map(
    metadata
      .all('SELECT id, touched_at_ms FROM uploads')
      .map((row) => [textOf(row, 'id'), Number(row.touched_at_ms)] as const),
  );
  return namesIn(paths.uploads).flatMap((id) => {
    const path = join(paths.uploads, id);
    const touchedAtMs =
      sessions.get(id) ?? statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? before;
    return touchedAtMs < before ? [{ kind: 'upload' as const, path }] : [];
  });
}

/** Downloads that nobody went on with for a week; a living one's file changes all the time. */
export function abandonedPartials(paths: StorePaths): readonly Garbage[] {
  const before = Date.now() - PARTIAL_TTL_MS;
  return namesIn(paths.partials).flatMap((name) => {
    const path = join(paths.partials, name);
    const changedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? before;
    return changedAtMs < before ? [{ kind: 'partial' as const, path }] : [];
  });
}

/** Volumes of archives of which none has come for a week. */
export function abandonedVolumes(paths: StorePaths): readonly Garbage[] {
  const before = Date.now() - INCOMING_TTL_MS;
  return namesIn(paths.incoming).flatMap((name) => {
    const path = join(paths.incoming, name);
    const changedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? before;
    return changedAtMs < before ? [{ kind: 'incoming' as const, path }] : [];
  });
}

/** Folders of cache mounts that no row asks for any more. */
function unwantedMounts(paths: StorePaths, metadata: Metadata): readonly Garbage[] {
  const wanted = new Set(storedMountCaches(paths, metadata).map(({ path }) => path));
  return namesIn(paths.mountCaches).flatMap((name) => {
    const path = join(paths.mountCaches, name);
    return wanted.has(path) ? [] : [{ kind: 'mount' as const, path }];
  });
}

/** Logs of builds that are not on record any more. */
function unwantedLogs(paths: StorePaths, metadata: Metadata): readonly Garbage[] {
  const wanted = new Set(storedBuilds(paths, metadata).map(({ ref }) => paths.buildLog(ref)));
  return namesIn(paths.buildLogs).flatMap((name) => {
    const path = join(paths.buildLogs, name);
    return wanted.has(path) ? [] : [{ kind: 'log' as const, path }];
  });
}
