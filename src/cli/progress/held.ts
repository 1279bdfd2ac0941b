/** A display that can be held while somebody else has the terminal; what happens meanwhile is shown after. */
import type { Event } from '#core/events.ts';
import type { BuildProgress } from './pick.ts';

export class HeldProgress implements BuildProgress {
  readonly #inner: BuildProgress;
  #held: Event[] | undefined;

  constructor(inner: BuildProgress) {
    this.#inner = inner;
  }

  get failed() {
    return this.#inner.failed;
  }

  readonly sink = (event: Event): void => {
    if (this.#held) this.#held.push(event);
    else this.#inner.sink(event);
  };

  /** Nothing is drawn or written until `work` has ended. */
  async while(work: () => Promise<void>): Promise<void> {
    this.#inner.pause?.();
    const held: Event[] = [];
    this.#held = held;
    try {
      await work();
    } finally {
      this.#held = undefined;
      this.#inner.resume?.();
      for (const event of held) this.#inner.sink(event);
    }
  }

  finish(): void {
    this.#inner.finish();
  }
}
