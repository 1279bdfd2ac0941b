/** The bytes of one file of a layer, from its chunks: tar, image or zeros. */
import { Buffer } from 'node:buffer';
import { BLOCK } from './erofs-format.ts';
import type { Inode } from './erofs-read.ts';
import type { LayerReader } from './layer-reader.ts';

const PIECE_BYTES = 1024 * 1024;

/** Yields the part of the file inside `range`; a range past the end yields nothing. */
export function* contentOf({
  reader,
  inode,
  range,
}: {
  readonly reader: LayerReader;
  readonly inode: Inode;
  readonly range: { readonly offset: number; readonly length?: number };
}): Generator<Uint8Array> {
  const data = reader.image.data(inode);
  if (data === undefined) return;
  const chunkBytes = BLOCK * 2 ** data.chunkBits;
  const end = Math.min(inode.size, range.offset + (range.length ?? inode.size));
  for (let at = range.offset; at < end; ) {
    const index = Math.floor(at / chunkBytes);
    const within = at - index * chunkBytes;
    const length = Math.min(end - at, chunkBytes - within, PIECE_BYTES);
    const chunk = data.chunks[index];
    if (chunk === undefined || chunk === 'hole') yield Buffer.alloc(length);
    else if (chunk instanceof Uint8Array) yield chunk.subarray(within, within + length);
    else yield reader.readTar(chunk.block * BLOCK + within, length);
    at += length;
  }
}
