/**
 * Numbers of the EROFS on-disk format as far as Slipway uses it (linux/fs/erofs/erofs_fs.h): shared
 * by the writer and the reader. Everything is little-endian; offsets are bytes from the start of
 * the structure. A block is 512 bytes, because file data in a tar starts at multiples of 512.
 */

export const BLOCK_BITS = 9;
export const BLOCK = 1 << BLOCK_BITS;

export const SUPERBLOCK = {
  offset: 1024,
  magic: 0xe0f5e1e2,
  /** The stored time is a modification time. */
  compatMtime: 0x2,
  incompatChunkedFile: 0x4,
  incompatDeviceTable: 0x8,
  at: {
    magic: 0,
    checksum: 4,
    featureCompat: 8,
    blockBits: 12,
    extSlots: 13,
    rootNid: 14,
    inodes: 16,
    blocks: 36,
    metaBlock: 40,
    xattrBlock: 44,
    featureIncompat: 80,
    compression: 84,
    devices: 86,
    deviceSlot: 88,
    directoryBlockBits: 90,
  },
} as const;

export const DEVICE_SLOT = {
  bytes: 128,
  /** The first slot's number: right after the superblock. */
  first: 9,
  at: { blocks: 64, mappedBlock: 68 },
} as const;

export const INODE = {
  /** The extended form: 32-bit owner, own time, 32-bit link count. */
  bytes: 64,
  /** An inode number is its offset divided by this. */
  slot: 32,
  at: {
    format: 0,
    xattrCount: 2,
    mode: 4,
    size: 8,
    union: 16,
    number: 20,
    uid: 24,
    gid: 28,
    seconds: 32,
    nanoseconds: 40,
    links: 44,
  },
} as const;

/** i_format is 1 (extended) + 2 × layout. */
export const LAYOUT = { plain: 0, inline: 2, chunked: 4 } as const;

/** In i_u of a chunked file: 8-byte chunk indexes. */
export const CHUNK_INDEXES = 0x20;
export const CHUNK_BITS_MAX = 31;
export const CHUNK_INDEX_BYTES = 8;
export const HOLE = 0xffffffff;
/** More chunks in one file are refused: 1 MiB of indexes. */
export const CHUNKS_MAX = 131_072;

export const DIRENT_BYTES = 12;
export const XATTR_HEADER_BYTES = 12;
export const XATTR_ENTRY_BYTES = 4;
export const XATTR_BLOCK_BYTES_MAX = XATTR_HEADER_BYTES + 4 * 65_534;

/** File types of i_mode (stat.h). */
export const MODE = {
  mask: 0o170000,
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
} as const;

/** File types of directory records. */
export const DIRENT_TYPE = {
  file: 1,
  directory: 2,
  char: 3,
  block: 4,
  fifo: 5,
  symlink: 7,
} as const;

export const SYMLINK_BYTES_MAX = 4095;

/** Linux's 32-bit device number: 12 bits of major, 20 of minor. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export function decodeDevice(device: number): { readonly major: number; readonly minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
