/**
 * Bytes from file to file, hashed on the way, with blocking calls: for a thread of its own
 * (copy-threads.ts), where nothing else waits. One small buffer, so that what was read is still in
 * the processor's cache when it is hashed and written.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { createHasher, type Digest, type DigestAlgorithm } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import type { FilePart } from '#core/repository.ts';

const BUFFER_BYTES = 256 * 1024;

export interface CopyJob {
  /** What to read, in order. */
  readonly parts: readonly FilePart[];
  /** An open file of this process; it must stay open. */
  readonly fd: number;
  /** Where in it the first byte goes. */
  readonly position: number;
  /** Up to here the file may hold the same bytes already: they are compared, and kept if so. */
  readonly writtenBefore: number;
  readonly algorithm: DigestAlgorithm;
}

export interface Copied {
  readonly digest: Digest;
  readonly size: number;
  /** How many bytes were there already. */
  readonly keptBytes: number;
}

/** What went wrong, as plain data: errors lose their properties between threads. */
export interface CopyFailure {
  readonly failed: 'reading' | 'writing';
  /** `ENOSPC`; absent for what is no refusal of the system. */
  readonly errno?: string;
  readonly message: string;
}

export interface CopyWatch {
  /** Called after each piece with the bytes so far; false stops the copy. */
  readonly goOn: (bytes: number) => boolean;
}

/** The digest of what was read. Shorter files give less than asked for: compare the size. */
export function copyParts(job: CopyJob, { goOn }: CopyWatch): Copied | CopyFailure {
  const copy = new Copy(job);
  for (const part of job.parts) {
    const failure = copy.add(part, goOn);
    if (failure) return failure;
  }
  return copy.finish();
}

class Copy {
  readonly #job: CopyJob;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** For comparing with what is there. */
  #there: Buffer | undefined;
  readonly #hasher;
  #size = 0;
  #keptBytes = 0;
  #writtenBefore: number;

  constructor(job: CopyJob) {
    this.#job = job;
    this.#hasher = createHasher(job.algorithm);
    this.#writtenBefore = job.writtenBefore;
  }

  add({ path, offset, length }: FilePart, goOn: CopyWatch['goOn']): CopyFailure | undefined {
    let doing: CopyFailure['failed'] = 'reading';
    let fd: number | undefined;
    try {
      fd = openSync(path, 'r');
      for (let done = 0; done < length; ) {
        doing = 'reading';
        const wanted = Math.min(BUFFER_BYTES, length - done);
        const count = readSync(fd, this.#buffer, 0, wanted, offset + done);
        if (count === 0) return undefined;
        done += count;
        const piece = this.#buffer.subarray(0, count);
        this.#hasher.update(piece);
        doing = 'writing';
        this.#put(piece);
        if (!goOn(this.#size)) return { failed: doing, message: 'stopped' };
      }
      return undefined;
    } catch (error) {
      const errno = errnoOf(error);
      return { failed: doing, ...(errno ? { errno } : {}), message: String(error) };
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  finish(): Copied {
    return { digest: this.#hasher.digest(), size: this.#size, keptBytes: this.#keptBytes };
  }

  #put(piece: Buffer): void {
    const { fd, position } = this.#job;
    const at = position + this.#size;
    this.#size += piece.length;
    if (this.#isThere(piece, at)) return;
    for (let done = 0; done < piece.length; ) {
      done += writeSync(fd, piece, done, piece.length - done, at + done);
    }
  }

  /** After the first difference nobody asks any more. */
  #isThere(piece: Buffer, at: number): boolean {
    if (at + piece.length > this.#writtenBefore) return false;
    this.#there ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const there = this.#there.subarray(0, piece.length);
    const count = readSync(this.#job.fd, there, 0, piece.length, at);
    const isSame = count === piece.length && there.equals(piece);
    if (isSame) this.#keptBytes += piece.length;
    else this.#writtenBefore = 0;
    return isSame;
  }
}
