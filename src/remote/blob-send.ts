/**
 * Sends a blob whose source can be opened again: in one PUT, a large one in chunks. After a break, also
 * one that ended the process, the rest goes from where the registry says that it stands
 * (distribution-spec §Pushing a blob in chunks, end-13), or everything anew where it does not know.
 */
import { algorithmOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { BlobInfo, BlobSource, ReceiveOptions } from '#core/repository.ts';
import { statBlob } from './blob-read.ts';
import type { Connection } from './connection.ts';
import { delayBefore, isTransient, isTransientStatus } from './retry.ts';
import { NO_MEMORY, type UploadMemory } from './upload-memory.ts';
import {
  appendStream,
  cancelSession,
  closeSession,
  type SessionLocation,
  sessionState,
  startSession,
} from './upload-session.ts';

/**
 * Some registries forget what they have of a request that breaks: then this much is sent again.
 * Smaller blobs go in one request, which every registry takes.
 */
const CHUNK_BYTES = 64 * 1024 * 1024;

export interface SendOptions extends ReceiveOptions {
  /** A session that a refused mount left open. */
  readonly session?: SessionLocation | undefined;
  /** Absent: a later process begins anew. */
  readonly memory?: UploadMemory;
  readonly chunkBytes?: number;
}

interface Standing {
  readonly location: SessionLocation;
  /** Bytes the registry has. */
  readonly offset: number;
}

/** Attempts are counted from the last progress. @throws DIGEST_MISMATCH, and what `open` throws */
export async function sendBlob(
  connection: Connection,
  blob: BlobInfo,
  open: BlobSource,
  options: SendOptions = {},
): Promise<void> {
  await new Sending(connection, blob, open, options).run();
}

class Sending {
  readonly #connection: Connection;
  readonly #blob: BlobInfo;
  readonly #open: BlobSource;
  readonly #options: SendOptions;
  readonly #memory: UploadMemory;
  readonly #signal: AbortSignal | undefined;
  #chunkBytes: number;
  #standing: Standing | undefined;

  constructor(connection: Connection, blob: BlobInfo, open: BlobSource, options: SendOptions) {
    this.#connection = connection;
    this.#blob = blob;
    this.#open = open;
    this.#options = options;
    this.#memory = options.memory ?? NO_MEMORY;
    this.#signal = connection.signal(options.signal);
    this.#chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
  }

  async run(): Promise<void> {
    try {
      await this.#send();
    } catch (error) {
      await this.#giveUp(error);
      throw error;
    }
  }

  async #send(): Promise<void> {
    const { retry } = this.#connection;
    let delayMs: number | undefined;
    this.#standing = await this.#begun();
    for (let attempt = 1; ; attempt++) {
      this.#standing ??= await this.#begin();
      const before = this.#standing;
      try {
        await this.#sendRest();
        this.#memory.forget(this.#blob.digest);
        return;
      } catch (error) {
        if (!this.#isWorthRetrying(error)) throw error;
        delayMs = delayBefore(attempt + 1, retry, retryAfterIn(error));
        if (delayMs === undefined) throw error;
      }
      await retry.sleep(delayMs, this.#signal);
      const { location } = this.#standing;
      this.#standing = await sessionState(this.#connection, location, { signal: this.#signal });
      // The answer may be what got lost, not the blob.
      if (!this.#standing && (await this.#isThere())) return this.#memory.forget(this.#blob.digest);
      if (this.#standing && this.#standing.offset > before.offset) attempt = 0;
    }
  }

  /** What a later process can go on with stays; the rest is no use to anybody (end-14). */
  async #giveUp(error: unknown): Promise<void> {
    const isPassing = isSlipwayError(error, 'CANCELLED') || this.#isWorthRetrying(error);
    if (!this.#standing || (this.#options.memory && isPassing)) return;
    this.#memory.forget(this.#blob.digest);
    await cancelSession(this.#connection, this.#standing.location);
  }

  /** What an earlier process began, else what a refused mount did. */
  async #begun(): Promise<Standing | undefined> {
    const { session } = this.#options;
    const kept = URL.parse(this.#memory.find(this.#blob.digest) ?? '');
    const begun = session && { location: session, offset: 0 };
    if (!kept || !this.#connection.isOwn(kept)) return begun;
    const standing = await sessionState(this.#connection, kept, { signal: this.#signal });
    if (!standing || standing.offset > this.#blob.size) return begun;
    if (session) await cancelSession(this.#connection, session);
    return standing;
  }

  async #begin(): Promise<Standing> {
    const algorithm = algorithmOf(this.#blob.digest);
    const location = await startSession(this.#connection, { algorithm, signal: this.#signal });
    return { location, offset: 0 };
  }

  #isThere(): Promise<unknown> {
    const signal = this.#signal ? { signal: this.#signal } : {};
    return statBlob(this.#connection, this.#blob.digest, signal);
  }

  async #sendRest(): Promise<void> {
    const { digest, size } = this.#blob;
    for (;;) {
      const standing = this.#standing;
      if (!standing) throw new Error('invariant broken: nothing was begun');
      const { location, offset } = standing;
      this.#memory.keep(digest, location.href);
      const signal = this.#signal;
      if (offset === size) {
        return await closeSession(this.#connection, location, { digest, signal, once: true });
      }
      if (offset === 0 && size <= this.#chunkBytes) {
        return await closeSession(this.#connection, location, {
          ...{ digest, signal },
          body: this.#body(0, size),
        });
      }
      await this.#sendChunk(standing, Math.min(size, offset + this.#chunkBytes));
    }
  }

  async #sendChunk({ location, offset }: Standing, end: number): Promise<void> {
    const body = this.#body(offset, end);
    const range = { start: offset, end: end - 1 };
    const call = { body, range, signal: this.#signal };
    const next = await appendStream(this.#connection, location, call);
    this.#standing = { location: next, offset: end };
  }

  #body(offset: number, end: number) {
    const sizeBytes = end - offset;
    return { kind: 'stream', open: () => this.#part(offset, end), sizeBytes } as const;
  }

  async *#part(offset: number, end: number): AsyncGenerator<Uint8Array> {
    const { size } = this.#blob;
    const signal = this.#signal ? { signal: this.#signal } : {};
    const length = end < size ? { length: end - offset } : {};
    const how = offset === 0 && end === size ? signal : { ...signal, range: { offset, ...length } };
    let sent = offset;
    for await (const chunk of sized(this.#open(how), end - offset)) {
      yield chunk;
      sent += chunk.byteLength;
      this.#options.onProgress?.(sent);
    }
  }

  /** Also a session that is gone or stands elsewhere than we believe: asking it again settles that. */
  #isWorthRetrying(error: unknown): boolean {
    if (isTransient(error) || isSlipwayError(error, 'UPLOAD_UNKNOWN')) return true;
    if (!isSlipwayError(error, 'REGISTRY_REFUSED', 'TOO_MANY_REQUESTS')) return false;
    const { status } = error.detail;
    if (typeof status !== 'number') return false;
    if (status === 416 || isTransientStatus(status)) return true;
    if (!REFUSED_CHUNK.includes(status) || this.#blob.size <= this.#chunkBytes) return false;
    // A registry that takes no chunks may take everything at once.
    this.#chunkBytes = Number.POSITIVE_INFINITY;
    return true;
  }
}

function retryAfterIn(error: unknown): string | undefined {
  const asked = isSlipwayError(error) ? error.detail.retryAfter : undefined;
  return typeof asked === 'string' ? asked : undefined;
}

const REFUSED_CHUNK: readonly number[] = [400, 404, 405, 411, 415, 501];

/** A source of another length is the source's fault, to be told before HTTP trips over it. */
async function* sized(
  source: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let found = 0;
  for await (const chunk of source) {
    found += chunk.byteLength;
    if (found > sizeBytes) break;
    yield chunk;
  }
  if (found === sizeBytes) return;
  throw new SlipwayError('SIZE_MISMATCH', `content is ${found} bytes, not ${sizeBytes}`, {
    detail: { expected: sizeBytes, found },
  });
}
