/** What was taken over or written so far, and what was not. */
import type { RegistryTransfer, TransferOptions } from '#core/registry-keeping.ts';

type Counts = { -readonly [K in keyof RegistryTransfer]: RegistryTransfer[K] };

export class TransferTally {
  readonly options: TransferOptions;
  readonly counts: Counts = {
    repositories: 0,
    tags: 0,
    manifests: 0,
    blobs: 0,
    bytes: 0,
    problems: 0,
  };

  constructor(options: TransferOptions) {
    this.options = options;
  }

  problem(what: string): void {
    this.counts.problems += 1;
    this.options.onProblem?.(what);
  }
}
