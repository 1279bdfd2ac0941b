/**
 * The one cap of the build cache, kept to while a build runs: whenever the cache has grown, what was not
 * used for longest goes. What running builds hold stays, so several builds on one store keep to it together.
 */
import type { LocalStore } from '#store/local-store.ts';

/** What other processes added in this time is not looked for. */
const STALE_MS = 2000;

export class CacheCap {
  readonly #store: LocalStore;
  readonly #maxBytes: number;
  readonly #now: () => number;
  /** Of the last look, and what this process added since. */
  #knownBytes = Number.POSITIVE_INFINITY;
  #lookedAtMs = 0;
  #running: Promise<void> = Promise.resolve();

  /** `now`: milliseconds that never go back. */
  constructor(store: LocalStore, maxBytes: number, now: () => number) {
    this.#store = store;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** The cache has this many bytes more; of a folder that anybody may have written to it is not known. */
  async grown(bytes = Number.POSITIVE_INFINITY): Promise<void> {
    this.#knownBytes += bytes;
    const isFresh = this.#now() - this.#lookedAtMs < STALE_MS;
    if (isFresh && this.#knownBytes <= this.#maxBytes) return;
    await this.enforce();
  }

  /** Gives by how many bytes the cache is over its cap all the same: somebody holds them. */
  async enforce(): Promise<number> {
    // One after the other: steps side by side must not each make room for the same bytes.
    const turn = this.#running.then(() => this.#makeRoom());
    this.#running = turn.catch(() => {});
    await turn;
    return Math.max(0, this.#knownBytes - this.#maxBytes);
  }

  async #makeRoom(): Promise<void> {
    const maxUsedBytes = this.#maxBytes;
    this.#look();
    if (this.#knownBytes <= maxUsedBytes) return;
    const cache = { withHistory: true, bounds: { maxUsedBytes } };
    await this.#store.prune({ cache, merged: 'old' });
    this.#look();
    if (this.#knownBytes <= maxUsedBytes) return;
    // Merged images are made again in no time; while anything runs they stay.
    await this.#store.prune({ merged: 'all' });
    this.#look();
  }

  #look(): void {
    this.#knownBytes = this.#store.cacheBytes();
    this.#lookedAtMs = this.#now();
  }
}
