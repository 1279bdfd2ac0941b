/**
 * A lease holds what a request looks at until a link or a manifest of the repository does. One per
 * request would cost each of them two transactions, one for ever would hold everything: so each
 * lasts for a while, and the one before it is kept as long again for the requests that began with it.
 */
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';

const LEASE_TURN_MS = 10 * 60_000;

export class TurningLease implements AsyncDisposable {
  readonly #store: LocalStore;
  readonly #purpose: string;
  readonly #timer: NodeJS.Timeout;
  #current: Lease;
  #previous: Lease | undefined;

  private constructor(store: LocalStore, purpose: string, first: Lease) {
    this.#store = store;
    this.#purpose = purpose;
    this.#current = first;
    this.#timer = setInterval(() => void this.#turn(), LEASE_TURN_MS);
    this.#timer.unref();
  }

  static async start(store: LocalStore, purpose: string): Promise<TurningLease> {
    return new TurningLease(store, purpose, await store.lease({ purpose }));
  }

  get current(): Lease {
    return this.#current;
  }

  async #turn(): Promise<void> {
    const ended = this.#previous;
    this.#previous = this.#current;
    this.#current = await this.#store.lease({ purpose: this.#purpose });
    try {
      await ended?.[Symbol.asyncDispose]();
    } catch {
      // A busy database: the row goes with this process then, as every lease of a dead owner does.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#previous?.[Symbol.asyncDispose]();
    await this.#current[Symbol.asyncDispose]();
  }
}
