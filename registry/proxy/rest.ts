/**
 * An upstream that failed is left alone for a moment by those who have something to show instead: a
 * thousand clients must not wait for a thousand timeouts, nor make its trouble worse.
 */
import { isSlipwayError } from '#core/errors.ts';

const REST_MS = 5000;
const RATE_LIMITED_REST_MS = 60_000;

export class Rest {
  readonly #nowMs: () => number;
  #untilMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get isResting(): boolean {
    return this.#nowMs() < this.#untilMs;
  }

  failed(error: unknown): void {
    const isLimited = isSlipwayError(error, 'TOO_MANY_REQUESTS');
    this.#untilMs = this.#nowMs() + (isLimited ? RATE_LIMITED_REST_MS : REST_MS);
  }

  answered(): void {
    this.#untilMs = 0;
  }
}
