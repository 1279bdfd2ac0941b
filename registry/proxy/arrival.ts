/**
 * One blob on its way from an upstream, read by any number of clients while it comes. Bytes are given out
 * as they are written down; the last one only when the whole was found to be right, so that nobody
 * takes a damaged blob for a whole one. It goes on when its readers leave.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { BlobInfo, BlobRange } from '#core/repository.ts';
import type { PartialFile } from '#store/partial-file.ts';
import { unlessAborted } from './single-flight.ts';

const READ_BYTES = 256 * 1024;

export interface ArrivalOptions {
  readonly blob: BlobInfo;
  /** The repository that it is fetched for. */
  readonly name: string;
  /** Has it in the store in the end; says which file is being filled. */
  readonly fetch: (arrival: Arrival, onPartial: (partial: PartialFile) => void) => Promise<void>;
  /** From the store, once it is there. */
  readonly stored: (range: Required<BlobRange>, signal?: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** What is being filled, and what will be found of it. */
interface Filling {
  readonly partial: PartialFile;
  readonly verdict: PromiseWithResolvers<void>;
}

export class Arrival {
  readonly blob: BlobInfo;
  /** Repositories of which it is known that they have the blob, and may therefore show it. */
  readonly names: Set<string>;
  /** Settles with the blob in the store, or with why it is not. */
  readonly done: Promise<void>;
  readonly #stored: ArrivalOptions['stored'];
  /** Undefined: another process fetches it. */
  readonly #begun = Promise.withResolvers<Filling | undefined>();
  #current: Filling | undefined;

  constructor({ blob, name, fetch, stored }: ArrivalOptions) {
    this.blob = blob;
    this.names = new Set([name]);
    this.#stored = stored;
    this.#begun.promise.catch(() => {});
    this.done = this.#run(fetch);
    this.done.catch(() => {});
  }

  /** The bytes of a part, as far as they come. @throws what became of the arrival */
  async *read(range: Required<BlobRange>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const begun = await unlessAborted(this.#begun.promise, signal);
    const filling = begun && (this.#current ?? begun);
    await using file = filling && (await openIfThere(filling.partial.path));
    if (filling && file) return yield* this.#readFrom(file, { filling, range, signal });
    // It has left its place: for the store, or because it was damaged.
    await unlessAborted(filling?.verdict.promise ?? this.done, signal);
    yield* this.#stored(range, signal);
  }

  async #run(fetch: ArrivalOptions['fetch']): Promise<void> {
    try {
      await fetch(this, (partial) => this.#begin(partial));
      this.#current?.verdict.resolve();
      this.#begun.resolve(undefined);
    } catch (error) {
      this.#current?.verdict.reject(error);
      this.#begun.reject(error);
      throw error;
    }
  }

  /** Those who read an earlier file have got something wrong: they are told. */
  #begin(partial: PartialFile): void {
    this.#current?.verdict.reject(damaged(this.blob));
    const verdict = Promise.withResolvers<void>();
    verdict.promise.catch(() => {});
    this.#current = { partial, verdict };
    this.#begun.resolve(this.#current);
  }

  /** Who is told of a failure may ask anew at once, and must not meet this arrival again. */
  async #reached(partial: PartialFile, position: number): Promise<void> {
    try {
      await partial.reached(position);
    } catch (error) {
      await Promise.allSettled([this.done]);
      throw error;
    }
  }

  async *#readFrom(
    file: FileHandle,
    {
      filling: { partial, verdict },
      range: { offset, length },
      signal,
    }: {
      readonly filling: Filling;
      readonly range: Required<BlobRange>;
      readonly signal: AbortSignal | undefined;
    },
  ): AsyncGenerator<Uint8Array> {
    const last = this.blob.size - 1;
    const end = offset + length;
    for (let position = offset; position < end; ) {
      const isLast = position === last;
      await unlessAborted(isLast ? verdict.promise : this.#reached(partial, position), signal);
      const there = isLast ? end : Math.min(end, partial.frontier, last);
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, there - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position);
      if (bytesRead === 0) throw damaged(this.blob);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    if (this.blob.size === 0) await unlessAborted(verdict.promise, signal);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function damaged({ digest }: BlobInfo): SlipwayError {
  return new SlipwayError('DIGEST_MISMATCH', `what there was of blob ${digest} is damaged`, {
    hint: 'try again: it is fetched anew',
    detail: { digest },
  });
}
