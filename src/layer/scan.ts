/**
 * What is in a build context: every file with its metadata, link target or sha256, hashing only what
 * changed since the last scan. The twin of the helper's `scan`, with the same result and the same
 * cache files. It decides nothing about .dockerignore: the caller names the paths to leave out.
 */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { type Entry, type EntryMetadata, NO_XATTRS } from '#archive/entry.ts';
import { type ByteString, byteStringOf } from '#core/bytes.ts';
import { type Digest, parseDigest } from '#core/digest.ts';
import { changedFile, type FolderWarning, onPath } from './folder-errors.ts';
import { deviceNumbers, joinBytes, type WalkedFile, walkFolder } from './folder-walk.ts';
import { StatCache, splitTime } from './stat-cache.ts';

export interface ScanOptions {
  readonly root: string;
  /** Where to remember digests for the next scan of this root; written only when they changed. */
  readonly cacheFile?: string;
  /** Paths relative to the root; they and what is beneath them are neither walked nor reported. */
  readonly skip?: readonly ByteString[];
  readonly signal?: AbortSignal;
}

/** A file of the context. Its `xattrs` are not read (always empty); hard links are files of one identity. */
export interface ScannedEntry {
  readonly entry: Entry;
  /** Of the content; of files only, the empty one included. */
  readonly digest: Digest | undefined;
  /** Equal for the names of one file; absent for a file with one name, and for all that is no file. */
  readonly identity?: string;
}

export interface ScanResult {
  /** Depth first, the names of each directory by their bytes; a directory before what it holds. */
  readonly entries: readonly ScannedEntry[];
  /** How many files had to be read. */
  readonly hashedFiles: number;
  readonly warnings: readonly FolderWarning[];
}

const CHUNK_BYTES = 256 * 1024;

/** @throws FILE_MISSING, FILE_UNUSABLE (the root), PERMISSION, FILE_CHANGED (a file shrank) */
export function scanFolder(options: ScanOptions): ScanResult {
  const { root, signal } = options;
  const cache = new StatCache(
    options.cacheFile,
    onPath(root, () => statSync(root, { bigint: true })),
  );
  const entries: ScannedEntry[] = [];
  const warnings: FolderWarning[] = [];
  let hashedFiles = 0;
  for (const walked of walkFolder(Buffer.from(root), new Set(options.skip))) {
    signal?.throwIfAborted();
    if (walked.stats.isSocket()) {
      warnings.push({ message: 'a socket cannot be copied: left out', path: walked.path });
      continue;
    }
    const { digest, isKnown } = digestOf(walked, cache);
    if (!isKnown) hashedFiles++;
    entries.push({ entry: entryOf(walked), digest, ...identityOf(walked) });
  }
  onPath(options.cacheFile ?? root, () => cache.save());
  return { entries, hashedFiles, warnings };
}

/** The digest of one file beneath `root`, by the same cache. @throws as scanFolder */
export function scanFile(options: {
  readonly root: string;
  readonly path: ByteString;
  readonly cacheFile: string;
}): Digest | undefined {
  const { root, path, cacheFile } = options;
  const rootStats = onPath(root, () => statSync(root, { bigint: true }));
  const cache = new StatCache(cacheFile, rootStats);
  const file = joinBytes(Buffer.from(root), path);
  const stats = onPath(path, () => lstatSync(file, { bigint: true }));
  const { digest } = digestOf({ path, file, stats }, cache);
  onPath(cacheFile, () => cache.save());
  return digest;
}

function digestOf(
  { path, file, stats }: WalkedFile,
  cache: StatCache,
): { digest: Digest | undefined; isKnown: boolean } {
  if (!stats.isFile()) return { digest: undefined, isKnown: true };
  let digest = cache.find(path, stats);
  const isKnown = digest !== undefined;
  if (digest === undefined) {
    const read = onPath(path, () => hashFile(file, path, stats));
    digest = read.digest;
    // One that changed meanwhile is hashed again next time.
    if (!isUnchanged(stats, read.after)) return { digest: sha256(digest), isKnown };
  }
  cache.keep(path, stats, { digest, isKnown });
  return { digest: sha256(digest), isKnown };
}

function identityOf({ stats }: WalkedFile): { readonly identity?: string } {
  const isShared = stats.isFile() && stats.nlink > 1n;
  return isShared ? { identity: `${stats.dev}:${stats.ino}` } : {};
}

function sha256(digest: Buffer): Digest {
  return parseDigest(`sha256:${digest.toString('hex')}`);
}

/** The first `size` bytes, and the stat when they had been read. */
function hashFile(
  file: Buffer,
  path: ByteString,
  stats: BigIntStats,
): { digest: Buffer; after: BigIntStats } {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    const hash = createHash('sha256');
    let left = Number(stats.size);
    const buffer = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
    while (left > 0) {
      const got = readSync(fd, buffer, 0, Math.min(left, buffer.length), null);
      if (got === 0) throw changedFile(path);
      hash.update(buffer.subarray(0, got));
      left -= got;
    }
    return { digest: hash.digest(), after: fstatSync(fd, { bigint: true }) };
  } finally {
    closeSync(fd);
  }
}

function isUnchanged(before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.ino === after.ino &&
    before.dev === after.dev &&
    before.size === after.size &&
    before.mode === after.mode &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs
  );
}

function entryOf({ path, file, stats }: WalkedFile): Entry {
  const mtime = splitTime(stats.mtimeNs);
  const metadata: EntryMetadata = {
    path,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: { seconds: Number(mtime.seconds), nanoseconds: mtime.nanoseconds },
    xattrs: NO_XATTRS,
  };
  if (stats.isFile()) return { ...metadata, kind: 'file', size: Number(stats.size) };
  if (stats.isDirectory()) return { ...metadata, kind: 'directory' };
  if (stats.isSymbolicLink()) {
    const target = byteStringOf(onPath(path, () => readlinkSync(file, { encoding: 'buffer' })));
    return { ...metadata, kind: 'symlink', target };
  }
  if (stats.isFIFO()) return { ...metadata, kind: 'fifo' };
  const kind = stats.isCharacterDevice() ? 'char' : 'block';
  return { ...metadata, kind, ...deviceNumbers(stats.rdev) };
}
