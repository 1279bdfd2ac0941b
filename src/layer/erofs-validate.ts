/**
 * What must hold before anything is written into an EROFS image (erofs-layout §12). The kernel would
 * notice most of it late, and some of it never: it would read other bytes.
 */
import { displayPath, NAME_BYTES_MAX } from '#archive/entry-path.ts';
import { SlipwayError } from '#core/errors.ts';
import { BLOCK, CHUNK_BITS_MAX, CHUNKS_MAX, HOLE, SYMLINK_BYTES_MAX } from './erofs-format.ts';
import { xattrProblem } from './erofs-xattr.ts';
import type { Node } from './tree.ts';

const DEVICES_MAX = 16_000;
const UINT32_MAX = 0xffffffff;
/** The last block number means a hole, so this many blocks are usable. */
const BLOCKS_MAX = HOLE;

export function checkDevices(deviceBlocks: readonly number[]): void {
  if (deviceBlocks.length > DEVICES_MAX) {
    throw new SlipwayError('ENTRY_REFUSED', `more than ${DEVICES_MAX} layers`, {
      hint: 'squash the image',
    });
  }
  if (deviceBlocks.some((blocks) => blocks > BLOCKS_MAX)) {
    throw new SlipwayError('ENTRY_REFUSED', 'a layer of 2 TiB or more', {
      hint: 'split it into several layers',
    });
  }
}

export function checkNodeName(name: string): void {
  if (name === '' || name.length > NAME_BYTES_MAX || name.includes('\0') || name.includes('/')) {
    throw refusedNode(name, 'cannot be a file name');
  }
}

/** What is wrong with one node, of all that EROFS cannot hold; undefined when nothing is. */
export function nodeProblem(node: Node, deviceBlocks: readonly number[]): string | undefined {
  return metadataProblem(node) ?? dataProblem(node, deviceBlocks);
}

function metadataProblem(node: Node): string | undefined {
  if (!isUInt(node.mode, 0o7777)) return 'has an impossible mode';
  if (!isUInt(node.uid, UINT32_MAX)) return 'has an owner over 4,294,967,295';
  if (!isUInt(node.gid, UINT32_MAX)) return 'has a group over 4,294,967,295';
  if (!Number.isSafeInteger(node.seconds)) return 'has an impossible time';
  if (!isUInt(node.nanoseconds, 999_999_999)) return 'has an impossible time';
  if (node.kind === 'symlink') return symlinkProblem(node.target);
  if (node.kind === 'char' || node.kind === 'block') {
    if (!isUInt(node.major, 0xfff) || !isUInt(node.minor, 0xfffff)) {
      return 'has a device number over 4095:1048575';
    }
  }
  return xattrProblem(node.xattrs);
}

function symlinkProblem(target: string): string | undefined {
  if (target === '') return 'is a symbolic link to nothing';
  if (target.length > SYMLINK_BYTES_MAX) return 'is a symbolic link over 4,095 bytes';
  return target.includes('\0') ? 'is a symbolic link with a NUL byte' : undefined;
}

function dataProblem(node: Node, deviceBlocks: readonly number[]): string | undefined {
  if (node.kind !== 'file') return undefined;
  if (!Number.isSafeInteger(node.size) || node.size < 0) return 'has an impossible size';
  if (node.data === undefined) return node.size === 0 ? undefined : 'has no data for its size';
  const { chunkBits, chunks } = node.data;
  if (!isUInt(chunkBits, CHUNK_BITS_MAX)) return 'has an impossible chunk size';
  const chunkBytes = BLOCK * 2 ** chunkBits;
  if (chunks.length > CHUNKS_MAX) return 'is a sparse file in too many pieces';
  if (chunks.length !== Math.ceil(node.size / chunkBytes))
    return 'has chunks that do not fit its size';
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] ?? 'hole';
    const bytes = Math.min(chunkBytes, node.size - i * chunkBytes);
    if (chunk === 'hole') continue;
    if (chunk instanceof Uint8Array) {
      if (chunk.length !== bytes) return 'has a piece of the wrong length';
      continue;
    }
    const blocks = deviceBlocks[chunk.device - 1];
    if (blocks === undefined) return 'lies in a layer that is not there';
    if (!isUInt(chunk.block, HOLE - 1) || chunk.block + Math.ceil(bytes / BLOCK) > blocks) {
      return 'reaches past the end of its layer';
    }
  }
  return undefined;
}

function isUInt(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

export function refusedNode(path: string, problem: string): SlipwayError {
  return new SlipwayError('ENTRY_REFUSED', `layer entry ${displayPath(path)} ${problem}`, {
    hint: 'the file cannot be kept in an image layer; leave it out or change it',
    detail: { path: displayPath(path) },
  });
}
