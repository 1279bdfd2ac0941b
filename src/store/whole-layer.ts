/**
 * Whether a layer is here whole: its tar, its index, and both of the lengths that the index states
 * (erofs-layout §2, §3). Contents are not read again; this finds what a full disk, a crash or a
 * careless hand cut off.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import type { Digest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { BLOCK, DEVICE_SLOT, SUPERBLOCK } from '#layer/erofs-format.ts';
import type { LayerFiles } from '#layer/layer.ts';
import type { StorePaths } from './paths.ts';

const TAR_BLOCKS_OFFSET = DEVICE_SLOT.first * DEVICE_SLOT.bytes + DEVICE_SLOT.at.blocks;

/**
 * The layer's files; undefined when one is missing or damaged. An index that does not fit its tar
 * is removed: it can be made again, and whoever makes it reads the tar and finds out about that.
 */
export function wholeLayer(paths: StorePaths, diffId: Digest): LayerFiles | undefined {
  const files = { diffId, tar: paths.blob(diffId), index: paths.index(diffId) };
  const tarBytes = sizeOf(files.tar);
  const index = readLengths(files.index);
  if (tarBytes === undefined || !index) return undefined;
  const isWhole =
    index.bytes > TAR_BLOCKS_OFFSET &&
    index.bytes === index.statedBytes &&
    Math.ceil(tarBytes / BLOCK) === index.tarBlocks;
  if (isWhole) return files;
  rmSync(files.index, { force: true });
  return undefined;
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

interface Lengths {
  /** Of the index itself. */
  readonly bytes: number;
  readonly statedBytes: number;
  /** Of the first and only tar. */
  readonly tarBlocks: number;
}

/** What lies past the end of a short index reads as zeros. */
function readLengths(path: string): Lengths | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const head = Buffer.alloc(TAR_BLOCKS_OFFSET + 4);
    readSync(file, head, 0, head.length, 0);
    return {
      bytes: fstatSync(file).size,
      statedBytes: head.readUInt32LE(SUPERBLOCK.offset + SUPERBLOCK.at.blocks) * BLOCK,
      tarBlocks: head.readUInt32LE(TAR_BLOCKS_OFFSET),
    };
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
