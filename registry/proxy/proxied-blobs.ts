/**
 * Blobs of an upstream: from here once they have come, else as they come. One that the store has for
 * another reason is shown only after this upstream has said that its repository has it, too: a digest
 * alone must open nobody's content.
 */
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type {
  BlobInfo,
  BlobMounter,
  BlobRange,
  BlobSource,
  BlobStore,
  CallOptions,
  Ingest,
  ReadOptions,
} from '#core/repository.ts';
import { blobUnknown } from '#store/local-blobs.ts';
import type { ServedRepository } from '../provider.ts';
import type { Arrival } from './arrival.ts';
import { causeOf, failureOf, toldOf } from './failure.ts';
import { ask, type Proxied, type ProxyParts } from './parts.ts';
import { refusePush } from './push.ts';

export class ProxiedBlobs implements BlobStore, BlobMounter {
  readonly #parts: ProxyParts;
  readonly #proxied: Proxied;
  readonly #local: ServedRepository['blobs'];

  constructor(parts: ProxyParts, proxied: Proxied) {
    this.#parts = parts;
    this.#proxied = proxied;
    this.#local = parts.cache.repository(proxied.name).blobs;
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const { arrivals, sizes } = this.#parts;
    const here = await this.#local.stat(digest);
    if (here) return here;
    const arrival = arrivals.get(digest);
    if (arrival?.names.has(this.#proxied.name)) return arrival.blob;
    const size = sizes.get(this.#proxied.name, digest);
    return size === undefined ? await this.#told(() => this.#ask(digest)) : { digest, size };
  }

  async *read(digest: Digest, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    if (await this.#local.stat(digest)) {
      this.#count('hit');
      return yield* this.#local.read(digest, options);
    }
    const arrival = await this.#told(() => this.#arrival(digest));
    if (!arrival) return yield* this.#local.read(digest, options);
    const { offset = 0, length = arrival.blob.size - offset }: Partial<BlobRange> =
      options.range ?? {};
    try {
      yield* arrival.read({ offset, length }, options.signal);
    } catch (error) {
      throw this.#said(error);
    }
  }

  async ingest(expected?: Partial<BlobInfo>, options?: CallOptions): Promise<Ingest> {
    refusePush(this.#proxied);
    return await this.#local.ingest(expected, options);
  }

  async mount(
    digest: Digest,
    options?: CallOptions & { readonly from?: string },
  ): Promise<boolean> {
    refusePush(this.#proxied);
    return await this.#local.mount(digest, options);
  }

  async delete(digest: Digest, options?: CallOptions): Promise<boolean> {
    return (await this.#local.delete?.(digest, options)) ?? false;
  }

  /** Has it here; false when the upstream has none. */
  async fetch(digest: Digest): Promise<boolean> {
    if (await this.#local.stat(digest)) return true;
    const arrival = await this.#told(() => this.#arrival(digest));
    await arrival?.done;
    return (await this.#local.stat(digest)) !== undefined;
  }

  /** Undefined: it is here now. */
  async #arrival(digest: Digest): Promise<Arrival | undefined> {
    const { arrivals, cache, sizes } = this.#parts;
    const { name } = this.#proxied;
    if (!arrivals.get(digest) && !(await cache.has(digest))) {
      const size = sizes.get(name, digest) ?? (await this.#needed(digest)).size;
      if (!arrivals.get(digest)) return this.#begin({ digest, size });
    }
    const coming = arrivals.get(digest);
    if (coming?.names.has(name)) return coming;
    // What others have, or are fetching, has to be the upstream's, too.
    const blob = await this.#needed(digest);
    if (await this.#local.mount(digest)) {
      this.#count('hit');
      return undefined;
    }
    const arrival = arrivals.get(digest) ?? this.#begin(blob);
    arrival.names.add(name);
    return arrival;
  }

  #begin(blob: BlobInfo): Arrival {
    const { arrivals, sizes, figures, log } = this.#parts;
    const { name, origin } = this.#proxied;
    const { upstream } = origin;
    this.#count('miss');
    const arrival = arrivals.begin(blob, { name, upstream, source: this.#sourceOf(blob) });
    arrival.done.then(
      () => figures.answers(upstream.config.name, true),
      (error: unknown) => {
        // The size may have been wrong.
        sizes.delete(name, blob.digest);
        log(
          `proxy: blob ${blob.digest} of ${name}: ${isSlipwayError(error) ? causeOf(error) : error}`,
        );
        if (failureOf(error) === 'unavailable') figures.answers(upstream.config.name, false);
      },
    );
    return arrival;
  }

  /** Counts what comes and keeps to the upstream's rate. */
  #sourceOf({ digest, size }: BlobInfo): BlobSource {
    const { remotes, figures } = this.#parts;
    const { origin, scope } = this.#proxied;
    const { bandwidth, config } = origin.upstream;
    return async function* (options) {
      using borrowed = await remotes.borrow(origin, scope.via);
      const bytes = borrowed.remote.blobs.read(digest, { ...options, size });
      for await (const chunk of bandwidth.slowed(bytes, options.signal)) {
        figures.received(config.name, chunk.byteLength);
        yield chunk;
      }
    };
  }

  /** @throws BLOB_UNKNOWN */
  async #needed(digest: Digest): Promise<BlobInfo> {
    const blob = await this.#ask(digest);
    if (!blob) throw blobUnknown(digest);
    return blob;
  }

  /** What the upstream says of it. */
  async #ask(digest: Digest): Promise<BlobInfo | undefined> {
    const { blobFlights, sizes } = this.#parts;
    const { name, scope } = this.#proxied;
    return await blobFlights.run(`${name}@${digest} ${scope.via}`, async () => {
      const blob = await ask(this.#parts, this.#proxied, (remote, signal) =>
        remote.blobs.stat(digest, { signal }),
      );
      if (blob) sizes.add(name, digest, blob.size);
      return blob;
    });
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#said(error);
    }
  }

  #said(error: unknown): unknown {
    const failure = failureOf(error);
    if (failure) this.#count(failure === 'unavailable' ? 'failed' : 'absent');
    return toldOf(error, this.#proxied.origin.upstream.config.name);
  }

  #count(result: 'hit' | 'miss' | 'absent' | 'failed'): void {
    this.#parts.figures.count(this.#proxied.origin.upstream.config.name, 'blob', result);
  }
}
