/**
 * A cache is there to save time: from a place from which nothing comes for a while it is not read on. The
 * registry's client itself waits for minutes and tries again, as a pull should.
 */
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { BlobStore, CallOptions, Repository } from '#core/repository.ts';

/** What is asked of a place that a cache is read from. */
export interface CacheOrigin extends Pick<Repository, 'getManifest'> {
  readonly blobs: Pick<BlobStore, 'read'>;
}

/** Longer than any registry thinks before it sends, retries of the client included. */
export const STALL_MS = 30_000;

/** The same place; its errors are REGISTRY_UNREACHABLE where it kept silent for too long. */
export function impatient(place: CacheOrigin, stallMs: number): CacheOrigin {
  return {
    async getManifest(selector, options = {}) {
      using watch = new Watch(options, stallMs);
      try {
        return await place.getManifest(selector, { ...options, signal: watch.signal });
      } catch (error) {
        throw watch.blamed(error);
      }
    },
    blobs: { read: (digest, options = {}) => watched(place, digest, { options, stallMs }) },
  };
}

async function* watched(
  { blobs }: CacheOrigin,
  digest: Digest,
  { options, stallMs }: { readonly options: CallOptions; readonly stallMs: number },
): AsyncGenerator<Uint8Array> {
  using watch = new Watch(options, stallMs);
  try {
    for await (const chunk of blobs.read(digest, { ...options, signal: watch.signal })) {
      // Who takes the bytes may take its time.
      watch.rest();
      yield chunk;
      watch.begin();
    }
  } catch (error) {
    throw watch.blamed(error);
  }
}

/** Aborts its signal when nothing happened for too long. */
class Watch implements Disposable {
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  readonly #stallMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ signal }: CallOptions, stallMs: number) {
    this.#stallMs = stallMs;
    this.signal = signal ? AbortSignal.any([signal, this.#stalled.signal]) : this.#stalled.signal;
    this.begin();
  }

  begin(): void {
    this.rest();
    this.#timer = setTimeout(() => this.#stalled.abort(), this.#stallMs);
  }

  rest(): void {
    clearTimeout(this.#timer);
  }

  blamed(error: unknown): unknown {
    if (!this.#stalled.signal.aborted) return error;
    return new SlipwayError(
      'REGISTRY_UNREACHABLE',
      `i/o timeout: nothing came for ${this.#stallMs / 1000} seconds`,
      {
        hint: 'look at the registry and the network; the build does without this cache',
        cause: error,
      },
    );
  }

  [Symbol.dispose](): void {
    this.rest();
  }
}
