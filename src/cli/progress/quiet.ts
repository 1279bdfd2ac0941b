/** Shows nothing of a build but keeps what a failure has to tell. */
import type { FailedStep } from './failed-step.ts';
import { PlainProgress } from './plain.ts';

/** A plain display that writes nowhere until asked why it failed. */
export class QuietProgress {
  readonly #plain = new PlainProgress(() => {});
  readonly sink = this.#plain.sink;

  get failed(): FailedStep | undefined {
    return this.#plain.failed;
  }

  finish(): void {}
}
