/**
 * The tree that an EROFS image is written from: mutable while a layer is read, plain data. A hard
 * link is one node under several names. Not to be confused with MergedTree, which reads.
 */
import type { ByteString } from '#core/bytes.ts';

export type Node = FileNode | DirectoryNode | SymlinkNode | DeviceNode | FifoNode;

export interface NodeMetadata {
  mode: number;
  uid: number;
  gid: number;
  seconds: number;
  nanoseconds: number;
  /** Full names; only what EROFS can store (see erofs-xattr.ts). */
  xattrs: ReadonlyMap<ByteString, Uint8Array>;
}

export interface FileNode extends NodeMetadata {
  readonly kind: 'file';
  readonly size: number;
  /** Absent when size is 0. */
  readonly data?: FileData;
}

/** Where a file's bytes are: chunks of `512 << chunkBits` bytes, in order, the last one cut at the size. */
export interface FileData {
  readonly chunkBits: number;
  readonly chunks: readonly Chunk[];
}

export type Chunk =
  /** Zeros. */
  | 'hole'
  /** In a tar: `device` counts from 1, `block` in units of 512 bytes. */
  | { readonly device: number; readonly block: number }
  /** Bytes that have to stand in the image itself: sparse pieces not aligned in their tar. */
  | Uint8Array;

export interface DirectoryNode extends NodeMetadata {
  readonly kind: 'directory';
  readonly children: Map<ByteString, Node>;
}

export interface SymlinkNode extends NodeMetadata {
  readonly kind: 'symlink';
  readonly target: ByteString;
}

export interface DeviceNode extends NodeMetadata {
  readonly kind: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
}

export interface FifoNode extends NodeMetadata {
  readonly kind: 'fifo';
}
