/** Streams a file, or a part of it, in chunks of half a mebibyte. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BlobRange } from '#core/repository.ts';
import { onDisk, onDiskSync } from './disk-errors.ts';

/** Several are on their way for each transfer; larger ones are not read faster. */
const CHUNK_BYTES = 512 * 1024;

export interface FileReadOptions {
  /** Absent: the whole file. What lies past the end is left out. */
  readonly range?: BlobRange;
  /** A chunk is good only until the next one is asked for: two buffers serve the whole file. */
  readonly reuse?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The bytes; each chunk is the consumer's to keep, unless it said otherwise. The file is opened once,
 * so a file replaced or removed meanwhile is still read to its end.
 */
export async function* readFileChunks(
  path: string,
  options: FileReadOptions = {},
): AsyncIterable<Uint8Array> {
  await using file = await open(path, 'r');
  const end = await endOf(options.range, async () => (await file.stat()).size);
  let position = options.range?.offset ?? 0;
  // The next chunk is on its way while the consumer works on this one.
  const buffers = options.reuse ? twoBuffers() : newBuffer;
  let next = readAhead(file, { path, position, end, buffers });
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const chunk = await next;
      if (chunk.byteLength === 0) return;
      position += chunk.byteLength;
      next = readAhead(file, { path, position, end, buffers });
      yield chunk;
    }
  } finally {
    await Promise.allSettled([next]);
  }
}

/** Up to this size a blocking read takes less time than asking the pool to open, read and close. */
const SMALL_BYTES = 64 * 1024;

/**
 * The whole of a small regular file, with blocking calls; undefined for a larger one. For lists of
 * thousands of manifests.
 */
export function readSmallFile(path: string): Uint8Array | undefined {
  return onDiskSync(path, () => {
    const fd = openSync(path, 'r');
    try {
      return fstatSync(fd).size <= SMALL_BYTES ? readFileSync(fd) : undefined;
    } finally {
      closeSync(fd);
    }
  });
}

/** Empty at the end. Its failure waits for who awaits it. */
function readAhead(file: FileHandle, part: Part): Promise<Uint8Array> {
  const chunk = readChunk(file, part);
  chunk.catch(() => undefined);
  return chunk;
}

interface Part {
  /** For messages. */
  readonly path: string;
  readonly position: number;
  readonly end: number;
  readonly buffers: (size: number) => Buffer;
}

/** One for the consumer, one for the chunk on its way, in turns. */
function twoBuffers(): Part['buffers'] {
  const buffers: Buffer[] = [];
  let turn = 0;
  return (size) => {
    turn = 1 - turn;
    const known = buffers[turn];
    const buffer = known && known.byteLength >= size ? known : newBuffer(size);
    buffers[turn] = buffer;
    return buffer;
  };
}

function newBuffer(size: number): Buffer {
  return Buffer.allocUnsafe(size);
}

async function readChunk(
  file: FileHandle,
  { path, position, end, buffers }: Part,
): Promise<Uint8Array> {
  const wanted = Math.min(CHUNK_BYTES, end - position);
  if (wanted <= 0) return new Uint8Array();
  const buffer = buffers(wanted);
  const { bytesRead } = await onDisk(path, () => file.read(buffer, 0, wanted, position));
  return bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead);
}

async function endOf(range: BlobRange | undefined, size: () => Promise<number>): Promise<number> {
  const fileEnd = await size();
  if (range?.length === undefined) return fileEnd;
  return Math.min(fileEnd, range.offset + range.length);
}
