/**
 * A whole that lies in one file, or in several one after the other: an archive split into volumes.
 * Read by offset in the whole, without ever putting it together.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { BlobRange, FilePart } from '#core/repository.ts';
import { onDisk } from './disk-errors.ts';
import { type FileReadOptions, readFileChunks } from './file-read.ts';

export interface Segment {
  readonly path: string;
  /** Where its first byte is in the whole. */
  readonly offset: number;
  readonly size: number;
}

/** The files in their order, as one whole without gaps. @throws PERMISSION, and ENOENT as it is */
export async function segmentsOf(paths: readonly string[]): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  let offset = 0;
  for (const path of paths) {
    const { size } = await onDisk(path, () => stat(path));
    segments.push({ path, offset, size });
    offset += size;
  }
  return segments;
}

/** The end of the last one. */
export function endOf(segments: readonly Segment[]): number {
  const last = segments.at(-1);
  return last ? last.offset + last.size : 0;
}

/** Whether every byte of the range lies in one of them. */
export function covers(
  segments: readonly Segment[],
  { offset, length }: Required<BlobRange>,
): boolean {
  const found = partsOf(segments, { offset, length });
  return found.reduce((sum, part) => sum + part.length, 0) === length;
}

/** The bytes of a range, as readFileChunks gives them. What no segment has is left out. */
export async function* readSegments(
  segments: readonly Segment[],
  options: FileReadOptions = {},
): AsyncIterable<Uint8Array> {
  const { offset = 0, length = endOf(segments) - offset } = options.range ?? {};
  for (const { path, ...range } of partsOf(segments, { offset, length })) {
    yield* readFileChunks(path, { ...options, range });
  }
}

/** For many small reads: keeps the file it read last open. */
export class SegmentReader implements AsyncDisposable {
  readonly #segments: readonly Segment[];
  #open: { readonly path: string; readonly file: FileHandle } | undefined;

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  /** Shorter than asked for where the segments end. */
  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    let filled = 0;
    for (const part of partsOf(this.#segments, { offset, length })) {
      const file = await this.#file(part.path);
      const { bytesRead } = await file.read(buffer, filled, part.length, part.offset);
      filled += bytesRead;
      if (bytesRead < part.length) break;
    }
    return buffer.subarray(0, filled);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  async #file(path: string): Promise<FileHandle> {
    if (this.#open?.path === path) return this.#open.file;
    await this[Symbol.asyncDispose]();
    this.#open = { path, file: await onDisk(path, () => open(path, 'r')) };
    return this.#open.file;
  }
}

/** Which part of which file a range is made of, in order. */
export function partsOf(
  segments: readonly Segment[],
  range: Required<BlobRange>,
): readonly FilePart[] {
  const end = range.offset + range.length;
  return segments.flatMap(({ path, offset, size }) => {
    const from = Math.max(range.offset, offset);
    const length = Math.min(end, offset + size) - from;
    return length > 0 ? [{ path, offset: from - offset, length }] : [];
  });
}
