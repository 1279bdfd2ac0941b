/** What the parts of the store's fsck share: what they work with, and what they find. */
import type { CheckOptions, StoreProblem } from '#core/store-report.ts';
import type { LayerStore } from './layers.ts';
import type { Lease } from './leases.ts';
import type { Metadata } from './metadata.ts';
import type { StorePaths } from './paths.ts';

/** What every part of the check works with. */
export interface Fsck extends CheckOptions {
  readonly paths: StorePaths;
  readonly metadata: Metadata;
  readonly layers: LayerStore;
  readonly lease: Lease;
}

/** A problem, and what would mend it. */
export interface Finding extends Omit<StoreProblem, 'state'> {
  /** Absent: nothing can be done here. */
  readonly repair?: () => Promise<void> | void;
}
