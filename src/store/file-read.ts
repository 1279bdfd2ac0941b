/** Streams a file, or a part of it, in chunks of a mebibyte. */
import { open } from 'node:fs/promises';
import type { BlobRange } from '#core/repository.ts';

const CHUNK_BYTES = 1024 * 1024;

export interface FileReadOptions {
  /** Absent: the whole file. What lies past the end is left out. */
  readonly range?: BlobRange;
  readonly signal?: AbortSignal;
}

/**
 * The bytes; each chunk is the consumer's to keep. The file is opened once, so a file replaced or
 * removed meanwhile is still read to its end.
 */
export async function* readFileChunks(
  path: string,
  options: FileReadOptions = {},
): AsyncIterable<Uint8Array> {
  await using file = await open(path, 'r');
  const end = await endOf(options.range, async () => (await file.stat()).size);
  let position = options.range?.offset ?? 0;
  while (position < end) {
    options.signal?.throwIfAborted();
    const wanted = Math.min(CHUNK_BYTES, end - position);
    const buffer = Buffer.allocUnsafe(wanted);
    const { bytesRead } = await file.read(buffer, 0, wanted, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield bytesRead === wanted ? buffer : buffer.subarray(0, bytesRead);
  }
}

async function endOf(range: BlobRange | undefined, size: () => Promise<number>): Promise<number> {
  const fileEnd = await size();
  if (range?.length === undefined) return fileEnd;
  return Math.min(fileEnd, range.offset + range.length);
}
