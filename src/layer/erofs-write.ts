/**
 * A tree → an EROFS image whose file data lie in tars: what the kernel mounts and what our reader
 * (erofs-read.ts) answers from. Blocks of 512 bytes, extended inodes, one chunk a file where
 * possible, breadth first from the root, names sorted by bytes. No clock and no randomness: the
 * same tree gives the same bytes.
 *
 * The kernel trusts much of an image (a wrong order just hides names, a wrong device id reads other
 * bytes), so everything is checked here first, and damage cannot be written.
 */
import { Buffer } from 'node:buffer';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  BLOCK,
  BLOCK_BITS,
  CHUNK_INDEX_BYTES,
  CHUNK_INDEXES,
  DEVICE_SLOT,
  DIRENT_BYTES,
  DIRENT_TYPE,
  encodeDevice,
  HOLE,
  INODE,
  LAYOUT,
  MODE,
  roundUp,
  SUPERBLOCK,
} from './erofs-format.ts';
import { checkDevices, checkNodeName, nodeProblem, refusedNode } from './erofs-validate.ts';
import { writeXattrs, xattrBytes } from './erofs-xattr.ts';
import type { DirectoryNode, FileData, Node } from './tree.ts';

const SELF = toByteString('.');
const PARENT = toByteString('..');
const IMAGE_BYTES_MAX = 2 ** 31;

export interface ErofsSource {
  readonly root: DirectoryNode;
  /** Sizes in bytes of the tars, in device order: device 1 first. */
  readonly deviceSizes: readonly number[];
}

/** Writes the image. @throws ENTRY_REFUSED for what EROFS cannot hold */
export function writeErofs({ root, deviceSizes }: ErofsSource): Buffer {
  const deviceBlocks = deviceSizes.map((size) => Math.ceil(size / BLOCK));
  checkDevices(deviceBlocks);
  const slots = collectSlots(root, deviceBlocks);
  const firstInode = SUPERBLOCK.offset + (1 + deviceBlocks.length) * DEVICE_SLOT.bytes;
  const length = placeSlots(slots, firstInode);
  const image = Buffer.alloc(length);
  writeSuperblock(image, { rootOffset: slots[0]?.offset ?? 0, inodes: slots.length, deviceBlocks });
  for (const slot of slots) writeSlot(image, slot);
  return image;
}

/** One inode on its way into the image. */
interface Slot {
  readonly node: Node;
  /** From 1; the root is 1. */
  readonly number: number;
  readonly xattrBytes: number;
  /** Directories: what they hold, sorted, with `.` and `..`. */
  readonly names: ByteString[];
  readonly targets: Slot[];
  /** Bytes of directory data or of a symlink's target. */
  dataBytes: number;
  links: number;
  /** Of the inode in the image. */
  offset: number;
  /** Of the data when they are not inline, else 0. */
  dataOffset: number;
  /** Of the first byte expanded into the image, for a file that has some. */
  piecesOffset: number;
}

/** What only directories have; shared, for there are many files. */
const NO_NAMES: ByteString[] = [];
const NO_TARGETS: Slot[] = [];

/** The inodes, breadth first; checks every node. */
function collectSlots(root: DirectoryNode, deviceBlocks: readonly number[]): Slot[] {
  const slots: Slot[] = [];
  const known = new Map<Node, Slot>();
  const slotOf = (node: Node): Slot => {
    const isDirectory = node.kind === 'directory';
    const slot: Slot = {
      node,
      number: slots.length + 1,
      xattrBytes: xattrBytes(node.xattrs),
      names: isDirectory ? [] : NO_NAMES,
      targets: isDirectory ? [] : NO_TARGETS,
      dataBytes: node.kind === 'symlink' ? node.target.length : 0,
      links: isDirectory ? 2 : 0,
      offset: 0,
      dataOffset: 0,
      piecesOffset: 0,
    };
    slots.push(slot);
    known.set(node, slot);
    return slot;
  };
  const problem = nodeProblem(root, deviceBlocks);
  if (problem !== undefined) throw refusedNode('/', problem);
  const rootSlot = slotOf(root);
  const parents = new Map<Slot, Slot>([[rootSlot, rootSlot]]);
  // `slots` grows while we walk it: that is the breadth first order.
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i];
    if (slot === undefined || slot.node.kind !== 'directory') continue;
    const { children } = slot.node;
    const names = [...children.keys(), SELF, PARENT].sort();
    for (const name of names) {
      const child = children.get(name);
      if (child === undefined) {
        slot.names.push(name);
        slot.targets.push(name === SELF ? slot : (parents.get(slot) ?? slot));
        continue;
      }
      checkNodeName(name);
      let target = known.get(child);
      if (target === undefined) {
        const problem = nodeProblem(child, deviceBlocks);
        if (problem !== undefined) throw refusedNode(pathOf(slot, name, parents), problem);
        target = slotOf(child);
      } else if (child.kind === 'directory') {
        throw refusedNode(name, 'is a directory with two parents');
      }
      if (child.kind === 'directory') {
        slot.links++;
        parents.set(target, slot);
      } else {
        target.links++;
      }
      slot.names.push(name);
      slot.targets.push(target);
    }
    slot.dataBytes = directoryBytes(slot.names);
  }
  return slots;
}

/** For messages only. */
function pathOf(directory: Slot, name: string, parents: ReadonlyMap<Slot, Slot>): string {
  let path: string = name;
  let slot = directory;
  for (let parent = parents.get(slot); parent !== undefined && parent !== slot; ) {
    path = `${parent.names[parent.targets.indexOf(slot)] ?? '?'}/${path}`;
    slot = parent;
    parent = parents.get(slot);
  }
  return path;
}

/** Blocks are filled while the next record and its name fit; the last one counts what it uses. */
function directoryBytes(names: readonly string[]): number {
  let blocks = 0;
  let used = 0;
  for (const name of names) {
    const need = DIRENT_BYTES + name.length;
    if (used + need > BLOCK) {
      blocks++;
      used = 0;
    }
    used += need;
  }
  return blocks * BLOCK + used;
}

/** Decides where everything stands. @returns the image's length */
function placeSlots(slots: readonly Slot[], firstInode: number): number {
  let at = roundUp(firstInode, INODE.slot);
  for (const slot of slots) {
    const head = INODE.bytes + slot.xattrBytes;
    const chunks = slot.node.kind === 'file' ? (slot.node.data?.chunks.length ?? 0) : 0;
    if (chunks > 0) {
      slot.offset = at;
      at = roundUp(at + head, CHUNK_INDEX_BYTES) + chunks * CHUNK_INDEX_BYTES;
    } else if (isInline(slot)) {
      slot.offset = placeInline(at, head, slot.dataBytes);
      at = slot.offset + head + slot.dataBytes;
    } else {
      slot.offset = at;
      at += head;
    }
    at = roundUp(at, INODE.slot);
  }
  at = roundUp(at, BLOCK);
  for (const slot of slots) {
    if (slot.dataBytes === 0 || isInline(slot)) continue;
    slot.dataOffset = at;
    at += roundUp(slot.dataBytes, BLOCK);
  }
  for (const slot of slots) {
    if (slot.node.kind !== 'file' || slot.node.data === undefined) continue;
    slot.piecesOffset = at;
    for (const chunk of slot.node.data.chunks) {
      if (chunk instanceof Uint8Array) at += roundUp(chunk.length, BLOCK);
    }
  }
  if (at > IMAGE_BYTES_MAX) {
    throw new SlipwayError('ENTRY_REFUSED', 'the index of these layers would be over 2 GiB', {
      hint: 'use fewer files, or make sparse files smaller',
    });
  }
  return at;
}

function isInline(slot: Slot): boolean {
  return slot.dataBytes > 0 && INODE.bytes + slot.xattrBytes + slot.dataBytes <= BLOCK;
}

/**
 * The first place from `at` on where inline data do not cross a block: the kernel refuses it
 * otherwise ("inline data across blocks"). Exported for the test over all lengths and offsets.
 */
export function placeInline(at: number, head: number, dataBytes: number): number {
  const crosses = (start: number): boolean => {
    const data = start + head;
    return Math.floor(data / BLOCK) !== Math.floor((data + dataBytes - 1) / BLOCK);
  };
  if (!crosses(at)) return at;
  const moved = roundUp(roundUp(at + head, BLOCK) - head, INODE.slot);
  return crosses(moved) ? roundUp(at, BLOCK) : moved;
}

function writeSuperblock(
  image: Buffer,
  facts: {
    readonly rootOffset: number;
    readonly inodes: number;
    readonly deviceBlocks: readonly number[];
  },
): void {
  const { at } = SUPERBLOCK;
  const devices = facts.deviceBlocks.length;
  const view = image.subarray(SUPERBLOCK.offset);
  view.writeUInt32LE(SUPERBLOCK.magic, at.magic);
  view.writeUInt32LE(SUPERBLOCK.compatMtime, at.featureCompat);
  view[at.blockBits] = BLOCK_BITS;
  view.writeUInt16LE(facts.rootOffset / INODE.slot, at.rootNid);
  view.writeUInt32LE(facts.inodes, at.inodes);
  view.writeUInt32LE(image.length / BLOCK, at.blocks);
  const incompat = devices > 0 ? SUPERBLOCK.incompatDeviceTable : 0;
  view.writeUInt32LE(SUPERBLOCK.incompatChunkedFile | incompat, at.featureIncompat);
  view.writeUInt16LE(devices, at.devices);
  view.writeUInt16LE(DEVICE_SLOT.first, at.deviceSlot);
  facts.deviceBlocks.forEach((blocks, i) => {
    const start = (DEVICE_SLOT.first + i) * DEVICE_SLOT.bytes;
    image.writeUInt32LE(blocks, start + DEVICE_SLOT.at.blocks);
  });
}

function writeSlot(image: Buffer, slot: Slot): void {
  const { node, offset } = slot;
  const { at } = INODE;
  const data = offset + INODE.bytes + slot.xattrBytes;
  const chunked = node.kind === 'file' ? node.data : undefined;
  const layout = chunked ? LAYOUT.chunked : isInline(slot) ? LAYOUT.inline : LAYOUT.plain;
  image.writeUInt16LE(1 + 2 * layout, offset + at.format);
  if (slot.xattrBytes > 0)
    image.writeUInt16LE((slot.xattrBytes - 12) / 4 + 1, offset + at.xattrCount);
  image.writeUInt16LE(MODE[node.kind] | node.mode, offset + at.mode);
  writeUInt64(image, node.kind === 'file' ? node.size : slot.dataBytes, offset + at.size);
  image.writeUInt32LE(slot.number, offset + at.number);
  image.writeUInt32LE(node.uid, offset + at.uid);
  image.writeUInt32LE(node.gid, offset + at.gid);
  writeInt64(image, node.seconds, offset + at.seconds);
  image.writeUInt32LE(node.nanoseconds, offset + at.nanoseconds);
  image.writeUInt32LE(Math.max(slot.links, 1), offset + at.links);
  if (slot.xattrBytes > 0) writeXattrs(image, offset + INODE.bytes, node.xattrs);
  const dataAt = slot.dataOffset || data;
  if (slot.dataOffset > 0) image.writeUInt32LE(slot.dataOffset / BLOCK, offset + at.union);
  if (chunked !== undefined) {
    image.writeUInt32LE(chunked.chunkBits | CHUNK_INDEXES, offset + at.union);
    writeChunks(image, chunked, {
      indexes: roundUp(data, CHUNK_INDEX_BYTES),
      pieces: slot.piecesOffset,
    });
  } else if (node.kind === 'directory') {
    writeDirectory(image, slot, dataAt);
  } else if (node.kind === 'symlink') {
    image.write(node.target, dataAt, 'latin1');
  } else if (node.kind === 'char' || node.kind === 'block') {
    image.writeUInt32LE(encodeDevice(node.major, node.minor), offset + at.union);
  }
}

function writeChunks(
  image: Buffer,
  data: FileData,
  start: { readonly indexes: number; readonly pieces: number },
): void {
  let at = start.indexes;
  let piece = start.pieces;
  for (const chunk of data.chunks) {
    if (chunk === 'hole') {
      image.writeUInt32LE(HOLE, at + 4);
    } else if (chunk instanceof Uint8Array) {
      image.writeUInt32LE(piece / BLOCK, at + 4);
      image.set(chunk, piece);
      piece += roundUp(chunk.length, BLOCK);
    } else {
      image.writeUInt16LE(chunk.device, at + 2);
      image.writeUInt32LE(chunk.block, at + 4);
    }
    at += CHUNK_INDEX_BYTES;
  }
}

/** Block by block: the records first, then their names. */
function writeDirectory(image: Buffer, slot: Slot, start: number): void {
  const { names, targets } = slot;
  let block = start;
  for (let first = 0; first < names.length; ) {
    let end = first;
    let used = 0;
    for (; end < names.length; end++) {
      const need = DIRENT_BYTES + (names[end]?.length ?? 0);
      if (used + need > BLOCK) break;
      used += need;
    }
    let nameAt = (end - first) * DIRENT_BYTES;
    for (let i = first; i < end; i++) {
      const record = block + (i - first) * DIRENT_BYTES;
      const target = targets[i] ?? slot;
      image.writeUInt32LE(target.offset / INODE.slot, record);
      image.writeUInt16LE(nameAt, record + 8);
      image[record + 10] = DIRENT_TYPE[target.node.kind];
      nameAt += image.write(names[i] ?? '', block + nameAt, 'latin1');
    }
    first = end;
    block += BLOCK;
  }
}

function writeUInt64(image: Buffer, value: number, at: number): void {
  image.writeUInt32LE(value % 2 ** 32, at);
  image.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function writeInt64(image: Buffer, value: number, at: number): void {
  const low = ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
  image.writeUInt32LE(low, at);
  image.writeInt32LE((value - low) / 2 ** 32, at + 4);
}
