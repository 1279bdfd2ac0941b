/** Remembers when manifests were pulled, and writes that down now and then: a pull must not wait for a write. */
import type { NotedPull, RegistryCare } from '../provider.ts';
import { BLOB_TYPE, type RegistryEvent } from './events.ts';

const WRITE_AFTER_MS = 30_000;
const WAITING_MAX = 10_000;

/** Disposing writes down what waits. */
export class PullTimes implements AsyncDisposable {
  readonly #care: Pick<RegistryCare, 'notePulls'>;
  readonly #log: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  #waiting = new Map<string, NotedPull>();

  constructor(care: Pick<RegistryCare, 'notePulls'>, log: (line: string) => void = () => {}) {
    this.#care = care;
    this.#log = log;
    this.#timer = setInterval(() => void this.#write(), WRITE_AFTER_MS);
    this.#timer.unref();
  }

  take({ action, repository, target }: RegistryEvent): void {
    if (action !== 'pull' || !target || target.mediaType === BLOB_TYPE) return;
    const { digest } = target;
    this.#waiting.set(`${repository}@${digest}`, { repository, digest, atMs: Date.now() });
    if (this.#waiting.size >= WAITING_MAX) void this.#write();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const pulls = [...this.#waiting.values()];
    this.#waiting = new Map();
    try {
      await this.#care.notePulls(pulls);
    } catch (error) {
      // A tag would be kept for less than it should, no more.
      this.#log(`error: times of ${pulls.length} pulls are lost: ${error}`);
    }
  }
}
