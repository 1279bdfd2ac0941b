/**
 * The strict reader of our EROFS images. It never trusts a number in the image: every offset, count,
 * nid and name is checked when it is used, and damage is INDEX_INVALID, not a crash or a loop. It
 * reads only what erofs-write.ts writes. erofs-check.ts reads everything with it and is our fsck.
 */
import { Buffer } from 'node:buffer';
import type { ByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  BLOCK,
  BLOCK_BITS,
  CHUNK_BITS_MAX,
  CHUNK_INDEX_BYTES,
  CHUNK_INDEXES,
  CHUNKS_MAX,
  DEVICE_SLOT,
  DIRENT_BYTES,
  DIRENT_TYPE,
  decodeDevice,
  HOLE,
  INODE,
  LAYOUT,
  MODE,
  roundUp,
  SUPERBLOCK,
  SYMLINK_BYTES_MAX,
} from './erofs-format.ts';
import { readXattrs } from './erofs-xattr.ts';
import type { Chunk, FileData, Node } from './tree.ts';

export type NodeKind = Node['kind'];

/** An inode, decoded; what belongs to its kind is read by the image's functions. */
export interface Inode {
  readonly nid: number;
  readonly kind: NodeKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly links: number;
  readonly layout: number;
  /** i_u: block number, chunk format or device number. */
  readonly union: number;
  readonly xattrBytes: number;
}

/** A name in a directory. `.` and `..` are never handed out. */
export interface DirectoryRecord {
  readonly name: ByteString;
  readonly nid: number;
  readonly kind: NodeKind;
}

const EMPTY_XATTRS: ReadonlyMap<ByteString, Uint8Array> = new Map();

const KIND_OF_MODE: ReadonlyMap<number, NodeKind> = new Map([
  [MODE.file, 'file'],
  [MODE.directory, 'directory'],
  [MODE.symlink, 'symlink'],
  [MODE.char, 'char'],
  [MODE.block, 'block'],
  [MODE.fifo, 'fifo'],
]);

const KIND_OF_DIRENT: ReadonlyMap<number, NodeKind> = new Map([
  [DIRENT_TYPE.file, 'file'],
  [DIRENT_TYPE.directory, 'directory'],
  [DIRENT_TYPE.symlink, 'symlink'],
  [DIRENT_TYPE.char, 'char'],
  [DIRENT_TYPE.block, 'block'],
  [DIRENT_TYPE.fifo, 'fifo'],
]);

/** An image in memory. */
export class ErofsImage {
  readonly #bytes: Buffer;
  /** The root directory. */
  readonly root: Inode;
  /** Inodes in the image, as the superblock says. */
  readonly inodes: number;
  /** Tar sizes in 512-byte blocks, device 1 first. */
  readonly deviceBlocks: readonly number[];

  /** Checks the superblock, the device table and the root. @throws INDEX_INVALID */
  constructor(image: Uint8Array) {
    this.#bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
    const bytes = this.#bytes;
    if (bytes.length < SUPERBLOCK.offset + DEVICE_SLOT.bytes) throw damaged('it is too short');
    if (bytes.length % BLOCK !== 0) throw damaged('its length is no whole number of blocks');
    const view = bytes.subarray(SUPERBLOCK.offset);
    const devices = view.readUInt16LE(SUPERBLOCK.at.devices);
    checkSuperblock(view, bytes.length, devices);
    this.inodes = view.readUInt32LE(SUPERBLOCK.at.inodes);
    this.deviceBlocks = readDevices(bytes, devices);
    this.root = this.inode(view.readUInt16LE(SUPERBLOCK.at.rootNid));
    if (this.root.kind !== 'directory') throw damaged('its root is no directory');
  }

  /** Everything before are tables. */
  get #firstInode(): number {
    return SUPERBLOCK.offset + (1 + this.deviceBlocks.length) * DEVICE_SLOT.bytes;
  }

  /** Decodes an inode. @throws INDEX_INVALID */
  inode(nid: number): Inode {
    const bytes = this.#bytes;
    const offset = nid * INODE.slot;
    if (offset < this.#firstInode || offset + INODE.bytes > bytes.length) {
      throw damaged('an inode lies outside');
    }
    const { at } = INODE;
    const format = bytes.readUInt16LE(offset + at.format);
    const mode = bytes.readUInt16LE(offset + at.mode);
    const kind = KIND_OF_MODE.get(mode & MODE.mask);
    const xattrCount = bytes.readUInt16LE(offset + at.xattrCount);
    const xattrEnd = xattrCount === 0 ? 0 : 12 + 4 * (xattrCount - 1);
    if (kind === undefined || (format & 1) === 0)
      throw damaged('an inode is of an unknown kind', nid);
    if (offset + INODE.bytes + xattrEnd > bytes.length) {
      throw damaged('extended attributes lie outside', nid);
    }
    const inode: Inode = {
      nid,
      kind,
      mode: mode & 0o7777,
      uid: bytes.readUInt32LE(offset + at.uid),
      gid: bytes.readUInt32LE(offset + at.gid),
      size:
        bytes.readUInt32LE(offset + at.size) + bytes.readUInt32LE(offset + at.size + 4) * 2 ** 32,
      seconds:
        bytes.readUInt32LE(offset + at.seconds) +
        bytes.readInt32LE(offset + at.seconds + 4) * 2 ** 32,
      nanoseconds: bytes.readUInt32LE(offset + at.nanoseconds),
      links: bytes.readUInt32LE(offset + at.links),
      layout: format >> 1,
      union: bytes.readUInt32LE(offset + at.union),
      xattrBytes: xattrEnd,
    };
    const problem = inodeProblem(inode);
    if (problem !== undefined) throw damaged(problem, nid);
    return inode;
  }

  /** The extended attributes; values are views into the image. @throws INDEX_INVALID */
  xattrs(inode: Inode): ReadonlyMap<ByteString, Uint8Array> {
    if (inode.xattrBytes === 0) return EMPTY_XATTRS;
    const start = inode.nid * INODE.slot + INODE.bytes;
    const xattrs = readXattrs(this.#bytes, start, inode.xattrBytes);
    if (xattrs === undefined) throw damaged('extended attributes cannot be read', inode.nid);
    return xattrs;
  }

  /** The target of a symlink. @throws INDEX_INVALID */
  target(inode: Inode): ByteString {
    if (inode.size === 0 || inode.size > SYMLINK_BYTES_MAX) {
      throw damaged('a symbolic link has an impossible length', inode.nid);
    }
    const start = this.#dataStart(inode);
    const target = this.#bytes.toString('latin1', start, start + inode.size);
    if (target.includes('\0')) throw damaged('a symbolic link holds a NUL byte', inode.nid);
    return target as ByteString;
  }

  /** Numbers of a device node. */
  device(inode: Inode): { readonly major: number; readonly minor: number } {
    return decodeDevice(inode.union);
  }

  /**
   * Where the bytes of a file are; pieces inside the image come as views of it. Undefined for an
   * empty file. @throws INDEX_INVALID
   */
  data(inode: Inode): FileData | undefined {
    if (inode.kind !== 'file' || inode.size === 0) return undefined;
    const chunkBits = inode.union & 0x1f;
    const chunkBytes = BLOCK * 2 ** chunkBits;
    const count = Math.ceil(inode.size / chunkBytes);
    const head = inode.nid * INODE.slot + INODE.bytes + inode.xattrBytes;
    const start = roundUp(head, CHUNK_INDEX_BYTES);
    if (count > CHUNKS_MAX || start + count * CHUNK_INDEX_BYTES > this.#bytes.length) {
      throw damaged('chunk indexes lie outside', inode.nid);
    }
    const chunks: Chunk[] = [];
    for (let i = 0; i < count; i++) {
      const length = Math.min(chunkBytes, inode.size - i * chunkBytes);
      chunks.push(this.#chunk(inode, start + i * CHUNK_INDEX_BYTES, length));
    }
    return { chunkBits, chunks };
  }

  #chunk(inode: Inode, at: number, length: number): Chunk {
    const device = this.#bytes.readUInt16LE(at + 2);
    const block = this.#bytes.readUInt32LE(at + 4);
    if (this.#bytes.readUInt16LE(at) !== 0) throw damaged('a chunk index is unknown', inode.nid);
    if (block === HOLE) return 'hole';
    if (device === 0) {
      const end = block * BLOCK + length;
      if (end > this.#bytes.length || block * BLOCK < this.#firstInode) {
        throw damaged('a piece of a file lies outside', inode.nid);
      }
      return this.#bytes.subarray(block * BLOCK, end);
    }
    const blocks = this.deviceBlocks[device - 1];
    if (blocks === undefined) throw damaged('a file lies in an unknown layer', inode.nid);
    if (block + Math.ceil(length / BLOCK) > blocks) {
      throw damaged('a file reaches past the end of its layer', inode.nid);
    }
    return { device, block };
  }

  /** One name of a directory, by binary search as the kernel does it. @throws INDEX_INVALID */
  lookup(directory: Inode, name: ByteString): DirectoryRecord | undefined {
    if (name === '.' || name === '..') return undefined;
    const block = this.#blockFor(directory, name);
    let low = 0;
    let high = block.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#nameAt(block, middle);
      if (found === name) return this.#record(block, middle, found);
      if (found < name) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** The last block whose first name is not after `name`. */
  #blockFor(directory: Inode, name: ByteString): DirectoryBlock {
    let low = 0;
    let high = Math.ceil(directory.size / BLOCK) - 1;
    let found = this.#block(directory, 0);
    while (low <= high) {
      const middle = (low + high) >> 1;
      const block = this.#block(directory, middle);
      if (this.#nameAt(block, 0) <= name) {
        found = block;
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return found;
  }

  /** All names, sorted by bytes; checks the order and `.`. @throws INDEX_INVALID */
  list(directory: Inode): DirectoryRecord[] {
    const records: DirectoryRecord[] = [];
    const blocks = Math.ceil(directory.size / BLOCK);
    let previous = '';
    let dots = 0;
    for (let i = 0; i < blocks; i++) {
      const block = this.#block(directory, i);
      for (let index = 0; index < block.count; index++) {
        const name = this.#nameAt(block, index);
        if (name <= previous) throw damaged('a directory is not sorted', directory.nid);
        previous = name;
        if (name === '.' || name === '..') dots++;
        else records.push(this.#record(block, index, name));
      }
    }
    if (dots !== 2) throw damaged('a directory does not hold itself and its parent', directory.nid);
    return records;
  }

  /** The nids that `.` and `..` name; for the checker. @throws INDEX_INVALID */
  dots(directory: Inode): { readonly self: number; readonly parent: number } {
    const find = (wanted: string): number => {
      const block = this.#blockFor(directory, wanted as ByteString);
      for (let index = 0; index < block.count; index++) {
        if (this.#nameAt(block, index) === wanted) return this.#nidAt(block, index);
      }
      throw damaged('a directory does not hold itself and its parent', directory.nid);
    };
    return { self: find('.'), parent: find('..') };
  }

  #block(directory: Inode, index: number): DirectoryBlock {
    const data = this.#dataStart(directory);
    const start = data + index * BLOCK;
    const length = Math.min(BLOCK, directory.size - index * BLOCK);
    const firstName = length < DIRENT_BYTES ? 0 : this.#bytes.readUInt16LE(start + 8);
    const count = firstName / DIRENT_BYTES;
    if (count < 1 || !Number.isInteger(count) || firstName >= length) {
      throw damaged('a directory block cannot be read', directory.nid);
    }
    return { start, length, count };
  }

  #nameAt(block: DirectoryBlock, index: number): ByteString {
    const bytes = this.#bytes;
    const record = block.start + index * DIRENT_BYTES;
    const from = bytes.readUInt16LE(record + 8);
    const isLast = index === block.count - 1;
    let to = isLast ? block.length : bytes.readUInt16LE(record + DIRENT_BYTES + 8);
    if (from < block.count * DIRENT_BYTES || to <= from || to > block.length) {
      throw damaged('a name lies outside its directory', record);
    }
    if (isLast) {
      const nul = bytes.indexOf(0, block.start + from) - block.start;
      if (nul >= from && nul < to) to = nul;
    }
    const name = bytes.toString('latin1', block.start + from, block.start + to);
    if (name.length === 0 || name.length > 255 || name.includes('/') || name.includes('\0')) {
      throw damaged('a name is impossible', record);
    }
    return name as ByteString;
  }

  #nidAt(block: DirectoryBlock, index: number): number {
    const record = block.start + index * DIRENT_BYTES;
    if (this.#bytes.readUInt32LE(record + 4) !== 0) throw damaged('an inode lies outside');
    return this.#bytes.readUInt32LE(record);
  }

  #record(block: DirectoryBlock, index: number, name: ByteString): DirectoryRecord {
    const kind = KIND_OF_DIRENT.get(this.#bytes[block.start + index * DIRENT_BYTES + 10] ?? 0);
    if (kind === undefined) throw damaged('a name is of an unknown kind');
    return { name, nid: this.#nidAt(block, index), kind };
  }

  /** Where directory data or a link target begin; they lie inside as a whole. */
  #dataStart(inode: Inode): number {
    const inline = inode.nid * INODE.slot + INODE.bytes + inode.xattrBytes;
    const start = inode.layout === LAYOUT.inline ? inline : inode.union * BLOCK;
    const end = start + inode.size;
    if (end > this.#bytes.length || start < this.#firstInode) {
      throw damaged('data lie outside', inode.nid);
    }
    if (
      inode.layout === LAYOUT.inline &&
      Math.floor(start / BLOCK) !== Math.floor((end - 1) / BLOCK)
    ) {
      throw damaged('inline data cross a block', inode.nid);
    }
    return start;
  }
}

interface DirectoryBlock {
  readonly start: number;
  readonly length: number;
  readonly count: number;
}

function checkSuperblock(view: Buffer, length: number, devices: number): void {
  const { at } = SUPERBLOCK;
  const incompat =
    SUPERBLOCK.incompatChunkedFile | (devices > 0 ? SUPERBLOCK.incompatDeviceTable : 0);
  const isOurs =
    view.readUInt32LE(at.magic) === SUPERBLOCK.magic &&
    view.readUInt32LE(at.featureCompat) === SUPERBLOCK.compatMtime &&
    view.readUInt32LE(at.featureIncompat) === incompat &&
    view[at.blockBits] === BLOCK_BITS &&
    view[at.extSlots] === 0 &&
    view[at.directoryBlockBits] === 0 &&
    view.readUInt32LE(at.metaBlock) === 0 &&
    view.readUInt32LE(at.xattrBlock) === 0 &&
    view.readUInt16LE(at.compression) === 0 &&
    view.readUInt16LE(at.deviceSlot) === DEVICE_SLOT.first;
  if (!isOurs) throw damaged('its superblock is not one of ours');
  if (view.readUInt32LE(at.blocks) !== length / BLOCK) throw damaged('it was cut or has grown');
}

function readDevices(bytes: Buffer, devices: number): number[] {
  const first = DEVICE_SLOT.first * DEVICE_SLOT.bytes;
  if (first + devices * DEVICE_SLOT.bytes > bytes.length)
    throw damaged('its layer table lies outside');
  return Array.from({ length: devices }, (_, i) => {
    const start = first + i * DEVICE_SLOT.bytes;
    const blocks = bytes.readUInt32LE(start + DEVICE_SLOT.at.blocks);
    if (bytes.readUInt32LE(start + DEVICE_SLOT.at.mappedBlock) !== 0) {
      throw damaged('its layer table is wrong');
    }
    return blocks;
  });
}

/** Fields of one inode that contradict each other. */
function inodeProblem(inode: Inode): string | undefined {
  if (!Number.isSafeInteger(inode.size)) return 'a size is impossible';
  if (!Number.isSafeInteger(inode.seconds) || inode.nanoseconds > 999_999_999) {
    return 'a time is impossible';
  }
  if (inode.links < 1) return 'an inode has no name';
  switch (inode.kind) {
    case 'directory':
      if (inode.size === 0) return 'a directory has no data';
      return inode.layout === LAYOUT.chunked
        ? 'an inode has an unknown layout'
        : plainOrInline(inode);
    case 'symlink':
      return plainOrInline(inode);
    case 'file':
      if (inode.size === 0)
        return inode.layout === LAYOUT.plain ? undefined : 'an inode has an unknown layout';
      if (inode.layout !== LAYOUT.chunked) return 'an inode has an unknown layout';
      if ((inode.union & ~0x1f) !== CHUNK_INDEXES || (inode.union & 0x1f) > CHUNK_BITS_MAX) {
        return 'a chunk format is unknown';
      }
      return undefined;
    default:
      if (inode.size !== 0) return 'a special file has a size';
      return inode.layout === LAYOUT.plain ? undefined : 'an inode has an unknown layout';
  }
}

function plainOrInline(inode: Inode): string | undefined {
  const isKnown = inode.layout === LAYOUT.plain || inode.layout === LAYOUT.inline;
  return isKnown ? undefined : 'an inode has an unknown layout';
}

/** One wording for damage. */
export function damaged(what: string, nid?: number): SlipwayError {
  return new SlipwayError('INDEX_INVALID', `damaged layer index: ${what}`, {
    hint: 'remove the index file; it is made again from the layer',
    ...(nid === undefined ? {} : { detail: { nid } }),
  });
}
