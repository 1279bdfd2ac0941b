/**
 * One file of a layer, whatever it came from: a tar, a folder, an image, a heredoc. Names are bytes
 * (ByteString), relative, without leading or trailing slash and without `.` or `..` parts; the root
 * itself is the empty path.
 */
import type { ByteString } from '#core/bytes.ts';

export type Entry =
  | FileEntry
  | DirectoryEntry
  | SymlinkEntry
  | HardlinkEntry
  | DeviceEntry
  | FifoEntry;

export interface EntryMetadata {
  readonly path: ByteString;
  /** Permission bits with setuid, setgid and sticky: 0 … 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Full names (`security.capability`) to raw values. */
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
}

/** Seconds may be negative; nanoseconds count up from them: 0 … 999,999,999. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface FileEntry extends EntryMetadata {
  readonly kind: 'file';
  /** Bytes of content; with a sparse map, of the expanded content. */
  readonly size: number;
  /** Present when the content has holes: the data segments in order. */
  readonly sparse?: readonly SparseSegment[];
}

/** `length` bytes of data at `offset` of the file; everything between segments is zero. */
export interface SparseSegment {
  readonly offset: number;
  readonly length: number;
}

export interface DirectoryEntry extends EntryMetadata {
  readonly kind: 'directory';
}

export interface SymlinkEntry extends EntryMetadata {
  readonly kind: 'symlink';
  /** As stored, not resolved. */
  readonly target: ByteString;
}

export interface HardlinkEntry extends EntryMetadata {
  readonly kind: 'hardlink';
  /** The path of the other name, in the form of `path`. */
  readonly target: ByteString;
}

export interface DeviceEntry extends EntryMetadata {
  readonly kind: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
}

export interface FifoEntry extends EntryMetadata {
  readonly kind: 'fifo';
}

export const NO_XATTRS: ReadonlyMap<ByteString, Uint8Array> = new Map();
export const EPOCH: Timestamp = { seconds: 0, nanoseconds: 0 };

/**
 * An entry on its way into a layer, with a way to read its content: called at most once, and only
 * for files with size > 0; yields exactly `size` bytes.
 */
export interface EntrySource {
  readonly entry: Entry;
  readonly content?: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}
