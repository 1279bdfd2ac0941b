/** So many bytes a second from one upstream, whoever they are for: who takes some waits until they are due. */
import { setTimeout as sleep } from 'node:timers/promises';

export class Bandwidth {
  readonly #bytesPerMs: number;
  readonly #nowMs: () => number;
  /** When all that was taken is paid for. */
  #paidAtMs = 0;

  /** Undefined: no limit. */
  constructor(bytesPerSecond: number | undefined, nowMs: () => number) {
    this.#bytesPerMs = (bytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000;
    this.#nowMs = nowMs;
  }

  /** How long to wait before the next bytes may be read. */
  take(bytes: number): number {
    const now = this.#nowMs();
    this.#paidAtMs = Math.max(this.#paidAtMs, now) + bytes / this.#bytesPerMs;
    return this.#paidAtMs - now;
  }

  /** Passes chunks on at that rate. */
  async *slowed(
    source: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      const waitMs = this.take(chunk.byteLength);
      yield chunk;
      // Timers are whole milliseconds; what is less is paid with the next chunk.
      if (waitMs >= 1) await sleep(waitMs, undefined, signal ? { signal } : {});
    }
  }
}
