/**
 * Credentials that were right a moment ago, so that bcrypt is asked once a minute and not once a
 * request. Remembered is a keyed hash: a dump of the memory gives no password away without the key.
 */
import { createHmac, randomBytes } from 'node:crypto';

const REMEMBER_MS = 60_000;
const ENTRIES_MAX = 10_000;

export class VerifiedCredentials {
  readonly #key = randomBytes(32);
  /** Until when, by keyed hash; the oldest first. */
  readonly #untilMs = new Map<string, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** `version`: of the users file; a changed file forgets everything. */
  has(user: string, password: string, version: number): boolean {
    const until = this.#untilMs.get(this.#hash(user, password, version));
    return until !== undefined && until > this.#nowMs();
  }

  add(user: string, password: string, version: number): void {
    const hash = this.#hash(user, password, version);
    this.#untilMs.delete(hash);
    this.#untilMs.set(hash, this.#nowMs() + REMEMBER_MS);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= ENTRIES_MAX) break;
      this.#untilMs.delete(oldest);
    }
  }

  #hash(user: string, password: string, version: number): string {
    const text = JSON.stringify([user, password, version]);
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }
}
