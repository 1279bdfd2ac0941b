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
import { type Digest, encodedOf, parseDigest } from '#core/digest.ts';
import { changedFile, type FolderWarning, onPath, XATTR_LEFT_OUT } from './folder-errors.ts';
import { deviceNumbers, joinBytes, type WalkedFile, walkFolder } from './folder-walk.ts';
import { type HostCalls, isContextXattr } from './host-calls.ts';
import { StatCache, splitTime } from './stat-cache.ts';
import { TreeDigest } from './tree-digest.ts';
import { decodeXattrs, encodeXattrs } from './xattr-records.ts';

export interface ScanOptions {
  readonly root: string;
  /** Where to remember digests for the next scan of this root; written only when they changed. */
  readonly cacheFile?: string;
  /** Paths relative to the root; they and what is beneath them are neither walked nor reported. */
  readonly skip?: readonly ByteString[];
  /** Nothing but these files, in the order of a walk; what is gone is left out. */
  readonly only?: readonly ByteString[];
  readonly signal?: AbortSignal;
}

/** A file of the context. Its `xattrs` are those that come along; hard links are files of one identity. */
export interface ScannedEntry {
  readonly entry: Entry;
  /** Of the content; of files only, the empty one included. */
  readonly digest: Digest | undefined;
  /** Equal for the names of one file; absent for a file with one name, and for all that is no file. */
  readonly identity?: string;
}

/** One entry at a glance. */
export interface Glance {
  readonly path: ByteString;
  readonly kind: Exclude<Entry['kind'], 'hardlink'>;
  readonly mode: number;
  /** The first 16 digits of a file's sha256, a link's target, a device's numbers; else empty. */
  readonly counts: string;
  readonly xattrs: EntryMetadata['xattrs'];
}

/** @param sha256 of a file, hex */
export function glanceOf(entry: Entry, sha256: string): Glance {
  const { path, mode, xattrs } = entry;
  const kind = entry.kind === 'hardlink' ? 'file' : entry.kind;
  const isDevice = entry.kind === 'char' || entry.kind === 'block';
  const device = isDevice ? `${entry.major}:${entry.minor}` : '';
  const target = entry.kind === 'symlink' ? entry.target : '';
  return { path, kind, mode, counts: sha256.slice(0, 16) || target || device, xattrs };
}

export interface ScanResult {
  /** Depth first, the names of each directory by their bytes; a directory before what it holds. */
  readonly entries: readonly ScannedEntry[];
  /** How many files had to be read. */
  readonly hashedFiles: number;
  /** Of the whole, hex, without owners; see tree-digest.ts. */
  readonly digest: string;
  /** The same where modes do not count. */
  readonly digestWithoutModes: string;
  /** The latest time of all, in seconds, at least 0. */
  readonly newest: number;
  /** What a person would look for in the entries, at a fraction of their cost. */
  glances(): Iterable<Glance>;
  /** The helper's, whole: its `pack` takes them as they are. */
  readonly records?: Buffer;
  readonly warnings: readonly FolderWarning[];
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Without `host` there are no extended attributes: Node cannot read them.
 * @throws FILE_MISSING, FILE_UNUSABLE (the root), PERMISSION, FILE_CHANGED (a file shrank)
 */
export function scanFolder(options: ScanOptions & { readonly host?: XattrReader }): ScanResult {
  const { root, signal } = options;
  const cache = new StatCache(
    options.cacheFile,
    onPath(root, () => statSync(root, { bigint: true })),
  );
  const entries: ScannedEntry[] = [];
  const warnings: FolderWarning[] = [];
  const digest = new TreeDigest({ modes: true, owners: false });
  const digestWithoutModes = new TreeDigest({ modes: false, owners: false });
  let hashedFiles = 0;
  let newest = 0;
  for (const walked of walkedOf(options)) {
    signal?.throwIfAborted();
    if (walked.stats.isSocket()) {
      warnings.push({ message: 'a socket cannot be copied: left out', path: walked.path });
      continue;
    }
    const { isKnown, ...found } = contentOf(walked, { cache, warnings, host: options.host });
    if (!isKnown) hashedFiles++;
    const entry = entryOf(walked, found.xattrs);
    entries.push({ entry, digest: found.digest, ...identityOf(walked) });
    newest = Math.max(newest, entry.mtime.seconds);
    const sha256 = found.digest && encodedOf(found.digest);
    for (const all of [digest, digestWithoutModes]) all.add(entry, sha256);
  }
  onPath(options.cacheFile ?? root, () => cache.save());
  return {
    ...{ entries, hashedFiles, newest, warnings },
    glances: () => entries.map(({ entry, digest: of }) => glanceOf(entry, of?.slice(7) ?? '')),
    digest: digest.digest(),
    digestWithoutModes: digestWithoutModes.digest(),
  };
}

/** What an earlier scan of just these files found, when none of them has changed: nothing is read. */
export function rememberedFiles(
  options: Pick<ScanOptions, 'root'> & Required<Pick<ScanOptions, 'only' | 'cacheFile'>>,
): readonly ScannedEntry[] | undefined {
  const { root, cacheFile } = options;
  const cache = new StatCache(
    cacheFile,
    onPath(root, () => statSync(root, { bigint: true })),
  );
  const entries: ScannedEntry[] = [];
  for (const walked of walkedOf(options)) {
    const known = walked.stats.isFile() ? cache.find(walked.path, walked.stats) : undefined;
    const xattrs = known && decodeXattrs(known.xattrs);
    if (!xattrs) return undefined;
    entries.push({
      entry: entryOf(walked, xattrs),
      digest: sha256(known.digest),
      ...identityOf(walked),
    });
  }
  return entries;
}

function walkedOf({ root, skip, only }: ScanOptions): Iterable<WalkedFile> {
  const folder = Buffer.from(root);
  if (only === undefined) return walkFolder(folder, new Set(skip));
  return only.flatMap((path) => {
    const file = joinBytes(folder, path);
    const stats = onPath(path, () => lstatSync(file, { bigint: true, throwIfNoEntry: false }));
    return stats ? [{ path, file, stats }] : [];
  });
}

type XattrReader = Pick<HostCalls, 'readXattrs'>;

interface Work {
  readonly cache: StatCache;
  readonly warnings: FolderWarning[];
  readonly host: XattrReader | undefined;
}

interface Content {
  readonly digest: Digest | undefined;
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
  /** Nothing had to be read. */
  readonly isKnown: boolean;
}

function contentOf(walked: WalkedFile, work: Work): Content {
  const { path, file, stats } = walked;
  const { cache } = work;
  if (!stats.isFile()) {
    return { digest: undefined, xattrs: xattrsOf(walked, work), isKnown: true };
  }
  const known = cache.find(path, stats);
  const kept = known && decodeXattrs(known.xattrs);
  if (known && kept) {
    cache.keep(path, stats, { ...known, isKnown: true });
    return { digest: sha256(known.digest), xattrs: kept, isKnown: true };
  }
  const { digest, after } = onPath(path, () => hashFile(file, path, stats));
  const xattrs = xattrsOf(walked, work);
  // One that changed meanwhile is hashed again next time.
  if (isUnchanged(stats, after)) {
    cache.keep(path, stats, { digest, xattrs: encodeXattrs(xattrs), isKnown: false });
  }
  return { digest: sha256(digest), xattrs, isKnown: false };
}

function xattrsOf({ path, file }: WalkedFile, { host, warnings }: Work): Content['xattrs'] {
  const all = host === undefined ? NO_XATTRS : onPath(path, () => host.readXattrs(file));
  if (all.size === 0) return NO_XATTRS;
  const kept = new Map<ByteString, Uint8Array>();
  for (const [name, value] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isContextXattr(name)) continue;
    if (!name.includes('=')) kept.set(name, value);
    else warnings.push({ message: XATTR_LEFT_OUT, path });
  }
  return kept.size === 0 ? NO_XATTRS : kept;
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

function entryOf({ path, file, stats }: WalkedFile, xattrs: Content['xattrs']): Entry {
  const mtime = splitTime(stats.mtimeNs);
  const metadata: EntryMetadata = {
    path,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: { seconds: Number(mtime.seconds), nanoseconds: mtime.nanoseconds },
    xattrs,
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
