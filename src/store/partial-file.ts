/**
 * A blob that arrives in pieces, in any order: the file, and beside it how far each segment has come,
 * so that whoever goes on after a crash asks for what is missing and for nothing else. Neither is
 * synced and nothing here is trusted: the digest of the whole decides in the end.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onDisk, onDiskSync } from './disk-errors.ts';

/** What a lane takes at a time, and how finely a file with gaps is remembered. */
export const SEGMENT_BYTES = 1024 * 1024;

/** A download nobody has gone on with for this long is garbage. */
export const PARTIAL_TTL_MS = 7 * 24 * 60 * 60 * 1000;

/** Given to the disk and not written yet, for each lane. */
const PENDING_BYTES_MAX = 1024 * 1024;
/** How much is written before the disk is asked to have it. */
const SYNC_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 512 * 1024;
const COUNT_BYTES = 4;

/** The bytes of segments that are there, each a number of four bytes. */
export function journalOf(path: string): string {
  return `${path}.have`;
}

export interface Gap {
  readonly offset: number;
  /** The first byte behind it. */
  readonly end: number;
}

export class PartialFile implements AsyncDisposable {
  readonly path: string;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #journal: number;
  /** Bytes from each segment's start on. */
  readonly #counts: Uint32Array;
  #frontier = 0;
  #received = 0;
  #wake = Promise.withResolvers<void>();
  #failure: { readonly cause: unknown } | undefined;
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #syncFailure: { readonly cause: unknown } | undefined;

  private constructor(
    path: string,
    files: { file: FileHandle; journal: number },
    counts: Uint32Array,
    size: number,
  ) {
    this.path = path;
    this.size = size;
    this.#file = files.file;
    this.#journal = files.journal;
    this.#counts = counts;
    this.#received = counts.reduce((sum, count) => sum + count, 0);
    this.#wake.promise.catch(() => {});
    this.#moveFrontier();
  }

  /** What is there of it, or an empty one. One process at a time (transfer-lock.ts). */
  static async open(path: string, size: number): Promise<PartialFile> {
    await onDisk(path, () => mkdir(dirname(path), { recursive: true }));
    const file = await onDisk(path, () => open(path, CREATE_OR_KEEP, 0o644));
    try {
      const there = (await file.stat()).size;
      const journal = onDiskSync(path, () => openSync(journalOf(path), CREATE_OR_KEEP, 0o644));
      const counts = readCounts(journal, { size, there });
      if (there > size) await onDisk(path, () => file.truncate(size));
      return new PartialFile(path, { file, journal }, counts, size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes from the start without a gap. */
  get frontier(): number {
    return this.#frontier;
  }

  /** Bytes that are there, wherever. */
  get received(): number {
    return this.#received;
  }

  get isWhole(): boolean {
    return this.#frontier === this.size;
  }

  /** The first bytes that are missing at or behind `from`, up to the next that are there. */
  gapFrom(from: number): Gap | undefined {
    for (
      let segment = Math.floor(from / SEGMENT_BYTES);
      segment < this.#counts.length;
      segment += 1
    ) {
      const offset = Math.max(from, segment * SEGMENT_BYTES + this.#count(segment));
      if (offset >= this.#endOf(segment)) continue;
      let last = segment + 1;
      while (last < this.#counts.length && this.#count(last) === 0) last += 1;
      return { offset, end: Math.min(this.size, last * SEGMENT_BYTES) };
    }
    return undefined;
  }

  /** Writes one after the other from `offset` on, which must be where a gap begins. */
  lane(offset: number): Lane {
    return new Lane(this.#file, { path: this.path, position: offset }, (from, to) =>
      this.#mark(from, to),
    );
  }

  /**
   * The bytes from the start in order, as they come; a chunk is good until the one after the next is
   * asked for. Ends at the end. @throws what {@link fail} was given
   */
  async *inOrder(): AsyncGenerator<Uint8Array> {
    const whole = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
    for (let position = 0; position < this.size; ) {
      await this.reached(position);
      const length = Math.min(READ_BYTES, this.#frontier - position);
      // Large pieces take turns in two buffers. Of small ones a stream may take in several at once.
      const large = length === READ_BYTES ? whole.shift() : undefined;
      if (large) whole.push(large);
      const buffer = large ?? Buffer.allocUnsafe(length);
      const { bytesRead } = await onDisk(this.path, () =>
        this.#file.read(buffer, 0, buffer.byteLength, position),
      );
      if (bytesRead === 0)
        throw new Error('invariant broken: a partial file is shorter than known');
      position += bytesRead;
      yield bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead);
    }
  }

  /** Resolves when the byte at `position`, and all before it, is there. @throws what {@link fail} was given */
  async reached(position: number): Promise<void> {
    while (this.#frontier <= position) await this.#grown();
  }

  /** No more bytes come: whoever reads is told. */
  fail(cause: unknown): void {
    this.#failure = { cause };
    this.#wake.reject(cause);
  }

  /** Has the disk write while the line is waited for: the sync that counts finds little left. */
  #writeBehind(bytes: number): void {
    this.#unsynced += bytes;
    if (this.#unsynced < SYNC_BYTES || this.#syncing !== undefined) return;
    this.#unsynced = 0;
    this.#syncing = this.#file.datasync().then(
      () => this.#syncSettled(),
      (cause: unknown) => {
        // The system tells of a failed write once.
        this.#syncFailure ??= { cause };
        this.#syncSettled();
      },
    );
  }

  #syncSettled(): void {
    this.#syncing = undefined;
  }

  /** To be awaited before the file becomes a blob. */
  async settle(): Promise<void> {
    await this.#syncing;
    const failure = this.#syncFailure;
    if (failure) await onDisk(this.path, () => Promise.reject(failure.cause));
  }

  /** Forgets all that is there; the next opener begins anew. */
  discard(): void {
    rmSync(journalOf(this.path), { force: true });
    rmSync(this.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#syncing;
    closeSync(this.#journal);
    await this.#file.close();
  }

  async #grown(): Promise<void> {
    if (this.#failure) throw this.#failure.cause;
    await this.#wake.promise;
  }

  #mark(from: number, to: number): void {
    const first = Math.floor(from / SEGMENT_BYTES);
    let segment = first;
    for (let at = from; at < to; segment += 1) {
      const end = Math.min(to, this.#endOf(segment));
      this.#counts[segment] = end - segment * SEGMENT_BYTES;
      this.#received += end - at;
      at = end;
    }
    const { buffer } = this.#counts;
    const at = first * COUNT_BYTES;
    onDiskSync(this.path, () =>
      writeSync(
        this.#journal,
        new Uint8Array(buffer, at, (segment - first) * COUNT_BYTES),
        0,
        null,
        at,
      ),
    );
    this.#writeBehind(to - from);
    this.#moveFrontier();
  }

  #moveFrontier(): void {
    const before = this.#frontier;
    let segment = Math.floor(before / SEGMENT_BYTES);
    while (segment < this.#counts.length && this.#isFull(segment)) segment += 1;
    this.#frontier = Math.min(this.size, segment * SEGMENT_BYTES + this.#count(segment));
    if (this.#frontier === before || this.#failure) return;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
    this.#wake.promise.catch(() => {});
  }

  #count(segment: number): number {
    return this.#counts[segment] ?? 0;
  }

  #endOf(segment: number): number {
    return Math.min(this.size, (segment + 1) * SEGMENT_BYTES);
  }

  #isFull(segment: number): boolean {
    return this.#count(segment) === this.#endOf(segment) - segment * SEGMENT_BYTES;
  }
}

/**
 * One connection's way into the file. While the disk writes, what comes is gathered: on a fast line
 * it goes down in large pieces, on a slow one each piece is safe at once.
 */
class Lane {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #mark: (from: number, to: number) => void;
  #position: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;

  /** @internal use PartialFile.lane */
  constructor(
    file: FileHandle,
    { path, position }: { path: string; position: number },
    mark: (from: number, to: number) => void,
  ) {
    this.#file = file;
    this.#path = path;
    this.#position = position;
    this.#mark = mark;
  }

  /** Appends; the chunk is the lane's to keep. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.byteLength;
    this.#writing ??= this.#writeAll();
    if (this.#pendingBytes > PENDING_BYTES_MAX) await this.#writing;
  }

  /** All is in the file. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#pendingBytes > 0) await this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#pendingBytes > 0) {
        const chunks = this.#pending;
        this.#pending = [];
        this.#pendingBytes = 0;
        await this.#writeChunks(chunks);
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeChunks(chunks: readonly Uint8Array[]): Promise<void> {
    const begin = this.#position;
    const { bytesWritten } = await onDisk(this.#path, () => this.#file.writev([...chunks], begin));
    this.#position += bytesWritten;
    this.#mark(begin, this.#position);
    const rest = dropBytes(chunks, bytesWritten);
    if (rest.length > 0) await this.#writeChunks(rest);
  }
}

function dropBytes(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  return chunks.flatMap((chunk) => {
    const dropped = Math.min(left, chunk.byteLength);
    left -= dropped;
    return dropped === chunk.byteLength ? [] : [chunk.subarray(dropped)];
  });
}

/** O_RDWR | O_CREAT: what is there stays. */
const CREATE_OR_KEEP = 0o2 | 0o100;

/** A journal that does not fit its file or its blob says nothing. */
function readCounts(
  journal: number,
  { size, there }: { readonly size: number; readonly there: number },
): Uint32Array {
  const counts = new Uint32Array(Math.ceil(size / SEGMENT_BYTES));
  const bytes = new Uint8Array(counts.buffer);
  if (fstatSync(journal).size > bytes.byteLength) ftruncateSync(journal, 0);
  else readSync(journal, bytes, 0, bytes.byteLength, 0);
  for (const [segment, count] of counts.entries()) {
    const begin = segment * SEGMENT_BYTES;
    const isPossible = count <= Math.min(SEGMENT_BYTES, size - begin) && begin + count <= there;
    if (count > 0 && !isPossible) counts[segment] = 0;
  }
  return counts;
}
