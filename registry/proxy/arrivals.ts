/** Blobs on their way, each fetched once however many ask for it. */
import type { Digest } from '#core/digest.ts';
import type { BlobInfo, BlobSource } from '#core/repository.ts';
import { Arrival } from './arrival.ts';
import type { ProxyCache } from './cache.ts';
import type { Upstream } from './upstream.ts';

/** Where a blob is fetched from, and for which repository. */
export interface ArrivalOrder {
  readonly name: string;
  readonly upstream: Upstream;
  readonly source: BlobSource;
}

/** Disposing stops them; what has come is gone on with later. */
export class Arrivals implements AsyncDisposable {
  readonly #cache: ProxyCache;
  readonly #coming = new Map<Digest, Arrival>();
  readonly #stop = new AbortController();

  constructor(cache: ProxyCache) {
    this.#cache = cache;
  }

  get(digest: Digest): Arrival | undefined {
    return this.#coming.get(digest);
  }

  /** Nothing of the kind may be under way. */
  begin(blob: BlobInfo, order: ArrivalOrder): Arrival {
    const { digest } = blob;
    const arrival = new Arrival({
      blob,
      name: order.name,
      fetch: (begun, onPartial) => this.#fetch(begun, order, onPartial),
      stored: (range, signal) =>
        this.#cache
          .repository(order.name)
          .blobs.read(digest, { range, ...(signal ? { signal } : {}) }),
    });
    this.#coming.set(digest, arrival);
    return arrival;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the registry ends'));
    await Promise.allSettled([...this.#coming.values()].map(({ done }) => done));
  }

  async #fetch(
    { blob, names }: Arrival,
    { upstream, source }: ArrivalOrder,
    onPartial: Parameters<ProxyCache['arrive']>[2]['onPartial'],
  ): Promise<void> {
    const { signal } = this.#stop;
    try {
      using _ = await upstream.transfers.take();
      signal.throwIfAborted();
      await this.#cache.arrive(blob, source, { names: () => names, onPartial, signal });
    } finally {
      this.#coming.delete(blob.digest);
    }
  }
}
