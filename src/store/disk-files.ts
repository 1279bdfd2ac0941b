/**
 * What lies in the store's folders, by name only, and what it takes on disk. Bytes are counted as
 * `du -sb` does: the length of files and folders themselves, a file with several names once.
 */
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type Digest, isDigest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import type { StorePaths } from './paths.ts';

const ALGORITHMS = ['sha256', 'sha512'] as const;

/** Folders whose entries are named by a digest. */
export type DigestFileKind = 'blob' | 'index' | 'folder' | 'merged';

export interface DigestFile {
  readonly kind: DigestFileKind;
  /** `index`, `folder`: the layer's diffID; `merged`: what names the chain. */
  readonly digest: Digest;
  readonly path: string;
}

/** Every entry named by a digest. What is named otherwise is not ours, and left out. */
export function digestFiles(
  paths: StorePaths,
  kinds: readonly DigestFileKind[] = ['blob', 'index', 'folder', 'merged'],
): readonly DigestFile[] {
  return kinds.flatMap((kind) => filesOfKind(paths, kind));
}

function filesOfKind(paths: StorePaths, kind: DigestFileKind): readonly DigestFile[] {
  const { folder, suffix } = placeOf(paths, kind);
  return ALGORITHMS.flatMap((algorithm) =>
    namesIn(join(folder, algorithm)).flatMap((name) => {
      const digest = `${algorithm}:${name.slice(0, name.length - suffix.length)}`;
      if (!name.endsWith(suffix) || !isDigest(digest)) return [];
      return [{ kind, digest, path: join(folder, algorithm, name) }];
    }),
  );
}

function placeOf(
  paths: StorePaths,
  kind: DigestFileKind,
): { readonly folder: string; readonly suffix: string } {
  switch (kind) {
    case 'blob':
      return { folder: paths.blobs, suffix: '' };
    case 'index':
      return { folder: paths.indexes, suffix: '.erofs' };
    case 'folder':
      return { folder: paths.folders, suffix: '' };
    case 'merged':
      return { folder: paths.merged, suffix: '.erofs' };
  }
}

/** Names in a folder; none where there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Of a file, or of a folder with all below it; zero for what is gone. */
export function diskBytes(path: string): number {
  const stats = statsOf(path);
  if (!stats) return 0;
  return stats.isDirectory() ? folderBytes(path, stats.size) : stats.size;
}

function folderBytes(path: string, own: number): number {
  const counted = new Set<string>();
  let total = own;
  const pending = [path];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of entriesIn(folder)) {
      const child = join(folder, entry.name);
      const stats = statsOf(child);
      if (!stats) continue;
      if (stats.isDirectory()) pending.push(child);
      const identity = `${stats.dev}:${stats.ino}`;
      if (!stats.isDirectory() && stats.nlink > 1 && counted.has(identity)) continue;
      counted.add(identity);
      total += stats.size;
    }
  }
  return total;
}

/** Somebody else may be removing it: what is gone is skipped. */
function entriesIn(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
