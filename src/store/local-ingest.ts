/**
 * One blob on its way into a folder of blobs: temporary file → hash → verify → fsync → rename →
 * fsync of the folder. Killed at any point it leaves a temporary file and nothing else.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import {
  algorithmOf,
  createHasher,
  type Digest,
  type DigestAlgorithm,
  type Hasher,
} from '#core/digest.ts';
import type { BlobInfo, Ingest } from '#core/repository.ts';
import { onDisk } from './disk-errors.ts';
import { putInPlace, writeAll } from './durable-file.ts';
import { readFileChunks } from './file-read.ts';
import { fileSize } from './file-size.ts';
import { digestMismatch, sizeMismatch } from './verified-read.ts';

/** Small writes (tar headers) are gathered; hashing and writing go in pieces of this size. */
const BUFFER_BYTES = 1024 * 1024;

export interface IngestTarget {
  /** A fresh path on the file system of the blobs. */
  readonly temporary: string;
  readonly algorithm: DigestAlgorithm;
  /** The blob's final path. */
  path(digest: Digest): string;
  /** Called with the verified digest before anything becomes visible. */
  hold(digest: Digest): void;
  readonly signal?: AbortSignal;
}

/** Opens the temporary file. */
export async function beginIngest(target: IngestTarget): Promise<Ingest> {
  const file = await onDisk(target.temporary, () => open(target.temporary, 'wx', 0o644));
  return new LocalIngest(target, file);
}

class LocalIngest implements Ingest {
  readonly #target: IngestTarget;
  readonly #hasher: Hasher;
  #file: FileHandle | undefined;
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #buffered = 0;
  #size = 0;

  constructor(target: IngestTarget, file: FileHandle) {
    this.#target = target;
    this.#file = file;
    this.#hasher = createHasher(target.algorithm);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#target.signal?.throwIfAborted();
    if (this.#buffered + chunk.byteLength > BUFFER_BYTES) await this.#flush();
    if (chunk.byteLength >= BUFFER_BYTES / 4) {
      await this.#flush();
      await this.#append(chunk);
      return;
    }
    this.#reserve(this.#buffered + chunk.byteLength);
    this.#buffer.set(chunk, this.#buffered);
    this.#buffered += chunk.byteLength;
  }

  async commit(expected: Partial<BlobInfo> = {}): Promise<BlobInfo> {
    this.#target.signal?.throwIfAborted();
    await this.#flush();
    const digest = await this.#digestAs(expected.digest);
    this.#check(expected, digest);
    this.#target.hold(digest);
    await this.#settle(this.#target.path(digest));
    return { digest, size: this.#size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    await file.close();
    await rm(this.#target.temporary, { force: true });
  }

  /** Grows the buffer by doubling: a one-line config should not cost a mebibyte. */
  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return;
    const size = Math.min(BUFFER_BYTES, Math.max(bytes, this.#buffer.byteLength * 2));
    const larger = Buffer.allocUnsafe(size);
    this.#buffer.copy(larger, 0, 0, this.#buffered);
    this.#buffer = larger;
  }

  async #flush(): Promise<void> {
    if (this.#buffered === 0) return;
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    await this.#append(bytes);
  }

  /** The write runs on the pool while this thread hashes. */
  async #append(bytes: Uint8Array): Promise<void> {
    const written = onDisk(this.#target.temporary, () => writeAll(this.#handle(), bytes));
    this.#hasher.update(bytes);
    this.#size += bytes.byteLength;
    await written;
  }

  #handle(): FileHandle {
    if (!this.#file) throw new Error('invariant broken: an ingest was used after its end');
    return this.#file;
  }

  /** What was hashed on the way, unless the caller now wants another algorithm. */
  async #digestAs(wanted: Digest | undefined): Promise<Digest> {
    const running = this.#hasher.digest();
    if (wanted === undefined || algorithmOf(wanted) === this.#target.algorithm) return running;
    const hasher = createHasher(algorithmOf(wanted));
    for await (const chunk of readFileChunks(this.#target.temporary)) hasher.update(chunk);
    return hasher.digest();
  }

  #check(expected: Partial<BlobInfo>, found: Digest): void {
    const expectation = { digest: expected.digest ?? found, from: 'the content received' };
    if (expected.size !== undefined && expected.size !== this.#size) {
      throw sizeMismatch({ ...expectation, size: expected.size }, this.#size);
    }
    if (expected.digest !== undefined && expected.digest !== found) {
      throw digestMismatch(expectation, found);
    }
  }

  /**
   * Content that is here already is not written again, unless its file is cut off: then this write
   * repairs it.
   */
  async #settle(path: string): Promise<void> {
    if (fileSize(path) !== this.#size) await putInPlace(this.#target.temporary, path);
    await this[Symbol.asyncDispose]();
  }
}
