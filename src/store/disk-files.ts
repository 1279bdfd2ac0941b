/**
 * What lies in the store's folders, by name only, and what it takes on disk. Bytes are counted as
 * `du -sb` does: the length of files and folders themselves, a file with several names once.
 */
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** One kind's folder, and how the names in it end. */
interface Place {
  readonly kind: DigestFileKind;
  readonly folder: string;
  readonly suffix: string;
}

function placesIn(paths: StorePaths): readonly Place[] {
  return [
    { kind: 'blob', folder: paths.blobs, suffix: '' },
    { kind: 'index', folder: paths.indexes, suffix: '.erofs' },
    { kind: 'folder', folder: paths.folders, suffix: '' },
    { kind: 'merged', folder: paths.merged, suffix: '.erofs' },
    { kind: 'merged', folder: paths.merged, suffix: '.folder' },
  ];
}

/** A folder of one kind and algorithm. */
export interface DigestPlace extends Place {
  readonly algorithm: (typeof ALGORITHMS)[number];
}

export function digestPlaces(paths: StorePaths): readonly DigestPlace[] {
  return placesIn(paths).flatMap((place) =>
    ALGORITHMS.map((algorithm) => ({
      ...place,
      algorithm,
      folder: join(place.folder, algorithm),
    })),
  );
}

/** What an entry of the place is; undefined: it is named otherwise, and not ours. */
export function digestFileIn(
  { kind, folder, algorithm, suffix }: DigestPlace,
  name: string,
): DigestFile | undefined {
  const digest = digestOfName(algorithm, name, suffix);
  return digest && { kind, digest, path: `${folder}/${name}` };
}

/** Every entry named by a digest. What is named otherwise is not ours, and left out. */
export function digestFiles(
  paths: StorePaths,
  kinds: readonly DigestFileKind[] = ['blob', 'index', 'folder', 'merged'],
): readonly DigestFile[] {
  return digestPlaces(paths)
    .filter(({ kind }) => kinds.includes(kind))
    .flatMap((place) => namesIn(place.folder).flatMap((name) => digestFileIn(place, name) ?? []));
}

function digestOfName(algorithm: string, name: string, suffix: string): Digest | undefined {
  if (!name.endsWith(suffix)) return undefined;
  const digest = `${algorithm}:${name.slice(0, name.length - suffix.length)}`;
  return isDigest(digest) ? digest : undefined;
}

/** What lies in the folders of content without being content: nobody of ours put it there. */
export function foreignFiles(paths: StorePaths): readonly string[] {
  return [...Map.groupBy(placesIn(paths), ({ folder }) => folder)].flatMap(([folder, places]) => {
    const top = namesIn(folder).filter((name) => !ALGORITHMS.some((known) => known === name));
    const below = ALGORITHMS.flatMap((algorithm) =>
      namesIn(join(folder, algorithm))
        .filter((name) => !places.some(({ suffix }) => digestOfName(algorithm, name, suffix)))
        .map((name) => join(folder, algorithm, name)),
    );
    return [...top.map((name) => join(folder, name)), ...below];
  });
}

/** Bytes of everything in the store that is not content and nobody's root or upload. */
export function frameBytes(paths: StorePaths): number {
  const apart = [paths.uploads, paths.snapshots, paths.mountCaches, paths.buildLogs];
  const content = new Set(placesIn(paths).map(({ folder }) => folder));
  const tops = [...content].map((folder) => (folder === paths.blobs ? folder : dirname(folder)));
  const others = namesIn(paths.root)
    .map((name) => join(paths.root, name))
    .filter((path) => !tops.includes(path) && !apart.includes(path));
  const beside = tops
    .filter((top) => !content.has(top))
    .flatMap((top) => namesIn(top).map((name) => join(top, name)))
    .filter((path) => !content.has(path));
  const frames = [
    paths.root,
    ...apart,
    ...new Set([...tops, ...content]),
    ...[...content].flatMap((folder) => ALGORITHMS.map((algorithm) => join(folder, algorithm))),
  ];
  const whole = [...others, ...beside, ...foreignFiles(paths)];
  return (
    frames.reduce((sum, path) => sum + (statsOf(path)?.size ?? 0), 0) +
    whole.reduce((sum, path) => sum + diskBytes(path), 0)
  );
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
