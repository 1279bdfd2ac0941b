/**
 * A folder, or the upper folder of an overlay mount, becomes the tar of a layer and its index: the
 * twin of the helper's `pack --folder`, with the same bytes. Node cannot read extended attributes: they come from the
 * caller's HostCalls, and without them an overlay upper (whose opaque marks are attributes) is refused.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Entry, EntryMetadata, EntrySource } from '#archive/entry.ts';
import { EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { splitPath } from '#archive/entry-path.ts';
import { OPAQUE_NAME, WHITEOUT_PREFIX, whiteoutOf } from '#archive/whiteout.ts';
import { type ByteString, byteStringOf } from '#core/bytes.ts';
import { createHasher, type Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  changedFile,
  type FolderWarning,
  onPath,
  refusedEntry,
  XATTR_LEFT_OUT,
} from './folder-errors.ts';
import { deviceNumbers, type WalkedFile, walkFolder } from './folder-walk.ts';
import { type HostCalls, hasOpaqueMark, isKeptXattr } from './host-calls.ts';
import { streamLayer } from './layer-writer.ts';

export interface PackOptions {
  readonly folder: string;
  /** The folder is the upper of an overlay mount: char 0:0 and opaque marks become whiteouts. */
  readonly overlay: boolean;
  /** The tar to write; created or replaced, empty after a failure. Not synced. */
  readonly output: string;
  /** Where to write the layer's index; like the tar, but nothing is there after a failure. */
  readonly index?: string;
  /** SOURCE_DATE_EPOCH: no time is later than this, seconds. */
  readonly sourceDateEpoch?: number;
  readonly signal?: AbortSignal;
}

export interface PackResult {
  /** Of the tar: the layer's diffID. */
  readonly digest: Digest;
  /** Bytes of the tar. */
  readonly size: number;
  readonly entries: number;
  readonly warnings: readonly FolderWarning[];
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Packs in the order of names; the same tree always gives the same bytes.
 * @throws FILE_CHANGED, ENTRY_REFUSED (a name that begins with `.wh.`, the output inside the folder),
 * DISK_FULL, PERMISSION, FILE_MISSING; HELPER_MISSING for an overlay upper without `host`
 */
export async function packFolder(
  options: PackOptions & { readonly host?: Pick<HostCalls, 'readXattrs'> },
): Promise<PackResult> {
  if (options.overlay && options.host === undefined) {
    throw new SlipwayError('HELPER_MISSING', 'an overlay upper cannot be read without the helper', {
      hint: 'build it: make -C native',
    });
  }
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const fd = onPath(options.output, () =>
    openSync(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644),
  );
  try {
    return await packInto(fd, options);
  } catch (error) {
    ftruncateSync(fd, 0);
    throw error;
  } finally {
    closeSync(fd);
  }
}

async function packInto(
  fd: number,
  options: PackOptions & { readonly host?: Pick<HostCalls, 'readXattrs'> },
): Promise<PackResult> {
  const hasher = createHasher();
  const warnings: FolderWarning[] = [];
  const output = fstatSync(fd, { bigint: true });
  let entries = 0;
  function* counted(): Generator<EntrySource> {
    for (const source of sourcesOf({ ...options, warnings, output })) {
      options.signal?.throwIfAborted();
      entries++;
      yield source;
    }
  }
  const { size, index } = await streamLayer(counted(), async (chunk) => {
    hasher.update(chunk);
    onPath(options.output, () => writeAll(fd, chunk));
  });
  const { index: place } = options;
  if (place !== undefined) onPath(place, () => writeFileSync(place, index));
  return { digest: hasher.digest(), size, entries, warnings };
}

function writeAll(fd: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
}

interface PackWork {
  readonly folder: string;
  readonly overlay: boolean;
  readonly sourceDateEpoch?: number;
  readonly host?: Pick<HostCalls, 'readXattrs'>;
  readonly warnings: FolderWarning[];
  /** To notice a tar inside what it packs. */
  readonly output: { readonly dev: bigint; readonly ino: bigint };
}

function* sourcesOf(work: PackWork): Generator<EntrySource, void, undefined> {
  const firstNames = new Map<string, ByteString>();
  for (const walked of walkFolder(Buffer.from(work.folder))) {
    const { path, stats } = walked;
    checkEntry(walked, work);
    if (stats.isSocket()) {
      work.warnings.push({ message: 'a socket does not belong into a layer: left out', path });
      continue;
    }
    // Before hard links: all whiteouts of an overlay are names of one inode.
    if (work.overlay && stats.isCharacterDevice() && stats.rdev === 0n) {
      yield whiteoutSource(path);
      continue;
    }
    if (stats.nlink > 1n && !stats.isDirectory()) {
      const key = `${stats.dev}:${stats.ino}`;
      const first = firstNames.get(key);
      if (first !== undefined) {
        const entry: Entry = { ...metadataOf(walked, work), kind: 'hardlink', target: first };
        yield { entry };
        continue;
      }
      firstNames.set(key, path);
    }
    yield* sourcesOfFile(walked, work);
  }
}

function checkEntry(walked: WalkedFile, work: PackWork): void {
  if (splitPath(walked.path).name.startsWith(WHITEOUT_PREFIX)) {
    throw refusedEntry('a name that begins with .wh. means a deletion in a layer', walked.path);
  }
  if (walked.stats.ino === work.output.ino && walked.stats.dev === work.output.dev) {
    throw refusedEntry('the output lies in the folder that is packed', walked.path);
  }
}

function* sourcesOfFile(
  walked: WalkedFile,
  work: PackWork,
): Generator<EntrySource, void, undefined> {
  const { path, stats, file } = walked;
  const all = work.host === undefined ? NO_XATTRS : onPath(path, () => readXattrs(walked, work));
  const metadata = { ...metadataOf(walked, work), xattrs: keptXattrs(all, walked, work) };
  if (stats.isFile()) {
    const entry: Entry = { ...metadata, kind: 'file', size: Number(stats.size) };
    yield { entry, content: () => contentOf(walked) };
  } else if (stats.isDirectory()) {
    yield { entry: { ...metadata, kind: 'directory' } };
    if (work.overlay && hasOpaqueMark(all)) {
      yield markSource(`${path}/${OPAQUE_NAME}` as ByteString);
    }
  } else if (stats.isSymbolicLink()) {
    const target = byteStringOf(onPath(path, () => readlinkSync(file, { encoding: 'buffer' })));
    yield { entry: { ...metadata, kind: 'symlink', target } };
  } else if (stats.isFIFO()) {
    yield { entry: { ...metadata, kind: 'fifo' } };
  } else {
    const kind = stats.isCharacterDevice() ? 'char' : 'block';
    yield { entry: { ...metadata, kind, ...deviceNumbers(stats.rdev) } };
  }
}

function readXattrs(walked: WalkedFile, work: PackWork): ReadonlyMap<ByteString, Uint8Array> {
  return work.host?.readXattrs(walked.file) ?? NO_XATTRS;
}

function keptXattrs(
  all: ReadonlyMap<ByteString, Uint8Array>,
  walked: WalkedFile,
  work: PackWork,
): ReadonlyMap<ByteString, Uint8Array> {
  if (all.size === 0) return NO_XATTRS;
  const kept = new Map<ByteString, Uint8Array>();
  for (const [name, value] of all) {
    if (!isKeptXattr(name)) continue;
    if (name.includes('=')) {
      work.warnings.push({ message: XATTR_LEFT_OUT, path: walked.path });
    } else {
      kept.set(name, value);
    }
  }
  return kept;
}

/** Whole seconds, cut (a negative time has its nanoseconds counted up, so cutting rounds down). */
function metadataOf({ path, stats }: WalkedFile, work: PackWork): EntryMetadata {
  const nanoseconds = stats.mtimeNs;
  const seconds = Number((nanoseconds - (((nanoseconds % NANO) + NANO) % NANO)) / NANO);
  return {
    path,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: { seconds: Math.min(seconds, work.sourceDateEpoch ?? seconds), nanoseconds: 0 },
    xattrs: NO_XATTRS,
  };
}

const NANO = 1_000_000_000n;

function whiteoutSource(path: ByteString): EntrySource {
  const { parent, name } = splitPath(path);
  const hidden = whiteoutOf(name);
  return markSource((parent === '' ? hidden : `${parent}/${hidden}`) as ByteString);
}

function markSource(path: ByteString): EntrySource {
  const entry: Entry = {
    path,
    kind: 'file',
    size: 0,
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: EPOCH,
    xattrs: NO_XATTRS,
  };
  return { entry };
}

/** Exactly `size` bytes; a file that shrank or grew is noticed. */
function* contentOf({ path, file, stats }: WalkedFile): Generator<Uint8Array, void, undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = onPath(path, () => openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  try {
    let left = Number(stats.size);
    const buffer = Buffer.allocUnsafe(Math.min(left + 1, CHUNK_BYTES));
    while (left >= 0) {
      const got = onPath(path, () =>
        readSync(fd, buffer, 0, Math.min(left + 1, buffer.length), null),
      );
      if (got > left || (got === 0 && left > 0)) throw changedFile(path);
      if (got === 0) return;
      left -= got;
      yield buffer.subarray(0, got);
    }
  } finally {
    closeSync(fd);
  }
}
