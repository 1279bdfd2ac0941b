/**
 * Where a file's bytes are, as EROFS wants it: an ordinary file is one chunk that points into the
 * tar; a sparse one is cut into chunks that are holes, point into the tar, or, where data and hole
 * share a chunk or the data are not at a block boundary, are expanded into the image.
 */
import { Buffer } from 'node:buffer';
import type { SparseSegment } from '#archive/entry.ts';
import { displayPath } from '#archive/entry-path.ts';
import type { ByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { BLOCK, CHUNK_BITS_MAX, CHUNK_INDEX_BYTES, CHUNKS_MAX } from './erofs-format.ts';
import type { Chunk, FileData } from './tree.ts';

/** More than this expanded for one file is refused: the index lives in memory. */
const EXPANDED_BYTES_MAX = 64 * 1024 * 1024;

/** Data stored in one piece in a tar. @param dataOffset a multiple of 512 */
export function plainData(place: {
  readonly device: number;
  readonly dataOffset: number;
  readonly size: number;
}): FileData | undefined {
  if (place.size === 0) return undefined;
  const wanted = Math.ceil(Math.log2(Math.max(1, place.size / BLOCK)));
  // log2 is not exact for large sizes: never too small.
  const enough = BLOCK * 2 ** wanted >= place.size ? wanted : wanted + 1;
  const chunkBits = Math.min(enough, CHUNK_BITS_MAX);
  const chunkBlocks = 2 ** chunkBits;
  const count = Math.ceil(place.size / (chunkBlocks * BLOCK));
  const first = place.dataOffset / BLOCK;
  const chunks: Chunk[] = [];
  for (let i = 0; i < count; i++) {
    chunks.push({ device: place.device, block: first + i * chunkBlocks });
  }
  return { chunkBits, chunks };
}

/** A sparse file in a tar. */
export interface SparsePlace {
  readonly path: ByteString;
  readonly device: number;
  readonly dataOffset: number;
  readonly size: number;
  readonly segments: readonly SparseSegment[];
  /** The segments' bytes as stored, one after the other. */
  readonly stored: AsyncIterable<Uint8Array>;
}

/** Reads the stored bytes only as far as something must be expanded. @throws ENTRY_REFUSED */
export async function sparseData(place: SparsePlace): Promise<FileData | undefined> {
  if (place.size === 0) return undefined;
  const chunkBits = chooseChunkBits(place);
  const chunks = cutIntoChunks(place, chunkBits);
  if (chunks.some((chunk) => chunk instanceof Uint8Array)) {
    await fillPieces(place, BLOCK * 2 ** chunkBits, chunks);
  }
  return { chunkBits, chunks };
}

/** The chunk size that costs the image least: indexes plus expanded pieces. */
function chooseChunkBits(place: SparsePlace): number {
  let best: { bits: number; cost: number; expanded: number } | undefined;
  for (let bits = 0; bits <= CHUNK_BITS_MAX; bits++) {
    const chunkBytes = BLOCK * 2 ** bits;
    const count = Math.ceil(place.size / chunkBytes);
    if (count > CHUNKS_MAX) continue;
    const expanded = expandedChunks(place, chunkBytes).size * chunkBytes;
    const cost = expanded + count * CHUNK_INDEX_BYTES;
    if (best === undefined || cost < best.cost) best = { bits, cost, expanded };
    if (count === 1) break;
  }
  if (best === undefined || best.expanded > EXPANDED_BYTES_MAX) {
    throw new SlipwayError(
      'ENTRY_REFUSED',
      `sparse file ${displayPath(place.path)} is too large or too scattered to be indexed`,
      { hint: 'make the archive without --sparse', detail: { path: displayPath(place.path) } },
    );
  }
  return best.bits;
}

/** The chunks that cannot point into the tar; stops counting far beyond the limit. */
function expandedChunks(place: SparsePlace, chunkBytes: number): Set<number> {
  const found = new Set<number>();
  const limit = EXPANDED_BYTES_MAX / chunkBytes + 1;
  for (const segment of place.segments) {
    const end = segment.offset + segment.length;
    const first = Math.floor(segment.offset / chunkBytes);
    const last = Math.floor((end - 1) / chunkBytes);
    if (segment.offset % BLOCK !== 0) {
      for (let i = first; i <= last && found.size <= limit; i++) found.add(i);
      continue;
    }
    if (segment.offset > first * chunkBytes) found.add(first);
    if (end < Math.min((last + 1) * chunkBytes, place.size)) found.add(last);
  }
  return found;
}

function cutIntoChunks(place: SparsePlace, chunkBits: number): Chunk[] {
  const chunkBytes = BLOCK * 2 ** chunkBits;
  const chunks = new Array<Chunk>(Math.ceil(place.size / chunkBytes)).fill('hole');
  const expanded = expandedChunks(place, chunkBytes);
  let stored = 0;
  for (const { offset, length } of place.segments) {
    const last = Math.floor((offset + length - 1) / chunkBytes);
    for (let i = Math.floor(offset / chunkBytes); i <= last; i++) {
      if (expanded.has(i)) continue;
      const at = place.dataOffset + stored + (i * chunkBytes - offset);
      chunks[i] = { device: place.device, block: at / BLOCK };
    }
    stored += length;
  }
  for (const i of expanded) {
    chunks[i] = Buffer.alloc(Math.min(chunkBytes, place.size - i * chunkBytes));
  }
  return chunks;
}

/** Copies the stored bytes that fall into expanded chunks. */
async function fillPieces(
  place: SparsePlace,
  chunkBytes: number,
  chunks: readonly Chunk[],
): Promise<void> {
  let index = 0;
  let inSegment = 0;
  for await (let bytes of place.stored) {
    while (bytes.length > 0) {
      const segment = place.segments[index];
      if (segment === undefined) return;
      const at = segment.offset + inSegment;
      const chunkIndex = Math.floor(at / chunkBytes);
      const length = Math.min(
        bytes.length,
        segment.length - inSegment,
        (chunkIndex + 1) * chunkBytes - at,
      );
      const chunk = chunks[chunkIndex];
      if (chunk instanceof Uint8Array) {
        chunk.set(bytes.subarray(0, length), at - chunkIndex * chunkBytes);
      }
      bytes = bytes.subarray(length);
      inSegment += length;
      if (inSegment === segment.length) {
        index++;
        inSegment = 0;
      }
    }
  }
}
