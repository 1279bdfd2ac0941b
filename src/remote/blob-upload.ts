/**
 * A blob on its way to a registry, as an Ingest. Small blobs are kept until commit and sent in one
 * PUT that can be retried. Larger ones stream: one PUT when digest and size were known at the
 * start, else a PATCH without Content-Range and a closing PUT. A stream cannot be sent again: its
 * failure is the caller's to retry from the beginning.
 *
 * What streams under a digest announced before is hashed by the registry, and by whoever read it;
 * a third time here would cost as much as sending it.
 */
import { assert } from '#core/assert.ts';
import {
  algorithmOf,
  createHasher,
  type Digest,
  type DigestAlgorithm,
  type Hasher,
} from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { BlobInfo, Ingest } from '#core/repository.ts';
import { statBlob } from './blob-read.ts';
import { ChunkPipe } from './chunk-pipe.ts';
import type { Connection } from './connection.ts';
import {
  appendStream,
  cancelSession,
  closeSession,
  type SessionLocation,
  startSession,
} from './upload-session.ts';

/** Kept in memory up to here; times the parallel transfers, that is what a push may take. */
const REPLAYABLE_BYTES_MAX = 4 * 1024 * 1024;

export interface BlobUploadOptions {
  readonly expected: Partial<BlobInfo>;
  /** A session that a refused mount left open. */
  readonly session?: SessionLocation | undefined;
  readonly signal: AbortSignal | undefined;
}

interface Stream {
  readonly pipe: ChunkPipe;
  /** Where the closing PUT goes, or `stored` when the stream was that PUT. */
  readonly outcome: Promise<SessionLocation | 'stored'>;
}

export class BlobUpload implements Ingest {
  readonly #connection: Connection;
  readonly #expected: Partial<BlobInfo>;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #algorithm: DigestAlgorithm;
  /** Of a stream whose digest nobody announced. */
  #hasher: Hasher | undefined;
  #session: SessionLocation | undefined;
  #kept: Uint8Array[] = [];
  #size = 0;
  #stream: Stream | undefined;
  #isDone = false;

  constructor(connection: Connection, { expected, session, signal }: BlobUploadOptions) {
    this.#connection = connection;
    this.#expected = expected;
    this.#session = session;
    this.#algorithm = expected.digest ? algorithmOf(expected.digest) : 'sha256';
    this.#signal = signal ? AbortSignal.any([signal, this.#abort.signal]) : this.#abort.signal;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.byteLength;
    const { size } = this.#expected;
    if (size !== undefined && this.#size > size) throw sizeMismatch(size, this.#size);
    if (!this.#stream && this.#size <= REPLAYABLE_BYTES_MAX) {
      this.#kept.push(Buffer.from(chunk));
      return;
    }
    this.#stream ??= await this.#startStream();
    this.#hasher?.update(chunk);
    await this.#feed(this.#stream, chunk);
  }

  async commit(expected: Partial<BlobInfo> = {}): Promise<BlobInfo> {
    const digest = this.#checked(expected);
    try {
      if (this.#stream) await this.#finishStream(this.#stream, digest);
      else await this.#sendKept(digest);
    } catch (error) {
      await this.#confirm(digest, error);
    }
    this.#isDone = true;
    return { digest, size: this.#size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#kept = [];
    this.#abort.abort();
    this.#stream?.pipe.fail(abandoned());
    await this.#stream?.outcome.catch(() => {});
    if (this.#session) await cancelSession(this.#connection, this.#session);
  }

  /** The digest to close with. @throws SIZE_MISMATCH, DIGEST_MISMATCH */
  #checked(expected: Partial<BlobInfo>): Digest {
    const size = expected.size ?? this.#expected.size;
    if (size !== undefined && size !== this.#size) throw sizeMismatch(size, this.#size);
    const wanted = expected.digest ?? this.#expected.digest;
    const found = this.#digest(wanted ? algorithmOf(wanted) : 'sha256');
    if (wanted !== undefined && found !== undefined && found !== wanted) {
      throw new SlipwayError('DIGEST_MISMATCH', `content hashes to ${found}, not to ${wanted}`, {
        detail: { expected: wanted, found },
      });
    }
    const digest = wanted ?? found;
    assert(digest !== undefined, 'content without an announced digest is hashed');
    return digest;
  }

  /** Undefined where only the registry can tell: what streamed away unhashed, or in another algorithm. */
  #digest(algorithm: DigestAlgorithm): Digest | undefined {
    if (this.#stream) return algorithm === this.#algorithm ? this.#hasher?.digest() : undefined;
    const hasher = createHasher(algorithm);
    for (const chunk of this.#kept) hasher.update(chunk);
    return hasher.digest();
  }

  async #open(algorithm: DigestAlgorithm): Promise<SessionLocation> {
    this.#session ??= await startSession(this.#connection, { algorithm, signal: this.#signal });
    return this.#session;
  }

  async #sendKept(digest: Digest): Promise<void> {
    const location = await this.#open(algorithmOf(digest));
    await closeSession(this.#connection, location, {
      digest,
      body: { kind: 'bytes', bytes: Buffer.concat(this.#kept) },
      signal: this.#signal,
    });
  }

  /** Opens the request and feeds it what was kept so far. */
  async #startStream(): Promise<Stream> {
    const location = await this.#open(this.#algorithm);
    const pipe = new ChunkPipe();
    const stream = { pipe, outcome: this.#request(pipe, location) };
    // An answer before the end is a refusal; the writer has to hear of it.
    stream.outcome.catch((error: unknown) => pipe.fail(error));
    if (this.#expected.digest === undefined) this.#hasher = createHasher(this.#algorithm);
    for (const chunk of this.#kept) {
      this.#hasher?.update(chunk);
      await this.#feed(stream, chunk);
    }
    this.#kept = [];
    return stream;
  }

  async #request(pipe: ChunkPipe, location: SessionLocation): Promise<SessionLocation | 'stored'> {
    const { digest, size } = this.#expected;
    const open = (): AsyncIterable<Uint8Array> => pipe.chunks();
    const signal = this.#signal;
    if (digest === undefined || size === undefined) {
      return appendStream(this.#connection, location, { body: { kind: 'stream', open }, signal });
    }
    const body = { kind: 'stream', open, sizeBytes: size } as const;
    await closeSession(this.#connection, location, { digest, body, signal });
    return 'stored';
  }

  async #feed({ pipe, outcome }: Stream, chunk: Uint8Array): Promise<void> {
    await pipe.write(chunk);
    // The reader left without an error of its own: the request's outcome says why.
    if (pipe.isClosed) await outcome;
  }

  async #finishStream({ pipe, outcome }: Stream, digest: Digest): Promise<void> {
    pipe.end();
    const location = await outcome;
    if (location === 'stored') return;
    this.#session = location;
    await closeSession(this.#connection, location, { digest, signal: this.#signal });
  }

  /** A closing PUT whose answer was lost finds no session when repeated: then the blob decides. */
  async #confirm(digest: Digest, error: unknown): Promise<void> {
    if (!isSlipwayError(error, 'UPLOAD_UNKNOWN')) throw error;
    const stored = await statBlob(this.#connection, digest, { signal: this.#signal });
    if (stored?.size !== this.#size) throw error;
  }
}

function sizeMismatch(expected: number, found: number): SlipwayError {
  return new SlipwayError('SIZE_MISMATCH', `content is ${found} bytes, not ${expected}`, {
    detail: { expected, found },
  });
}

function abandoned(): SlipwayError {
  return new SlipwayError('CANCELLED', 'the upload was abandoned');
}
