/** What a mirror file asks for (docs/sync.md), and what came of it. */
import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

export interface MirrorFile {
  readonly entries: readonly MirrorEntry[];
  /** How a repository is called below a destination; the file's own form or skopeo's. */
  readonly naming: MirrorNaming;
}

/** `path`: as in its registry; `base`: the last part of that; `scoped`: after the registry's host. */
export type MirrorNaming = 'path' | 'base' | 'scoped';

export interface MirrorEntry {
  /** For messages: `images[0]`. */
  readonly origin: string;
  readonly source: MirrorSource;
  /** `HOST/PATH`. With `isWhole` the repository itself, else what its name is put below; absent: the command says. */
  readonly destination?: { readonly name: string; readonly isWhole: boolean };
  /** What the path at the destination becomes; the first that fits. */
  readonly rewrite: readonly { readonly from: RegExp; readonly to: string }[];
  readonly tags: TagSelection;
  /** Absent: all of them. */
  readonly platforms?: readonly Platform[];
  readonly noReferrers: boolean;
  readonly prune: boolean;
}

export type MirrorSource =
  | { readonly kind: 'repository'; readonly name: string }
  /** Those of its catalogue that are listed or fit. */
  | {
      readonly kind: 'registry';
      readonly host: string;
      readonly list: readonly string[];
      readonly regex: readonly RegExp[];
      readonly exclude: readonly RegExp[];
    };

/** A tag is taken that is listed, or fits one expression or range; none of these given: every tag. */
export interface TagSelection {
  readonly list: readonly string[];
  readonly regex: readonly RegExp[];
  readonly semver: readonly string[];
  readonly exclude: readonly RegExp[];
  /** Ranges take versions such as 1.2.3-rc1, too. */
  readonly prereleases: boolean;
}

export type SyncAction = 'copy' | 'update' | 'keep' | 'remove';

/** One tag, or digest, of the destination. */
export interface SyncStep {
  readonly action: SyncAction;
  /** Absent for `remove`. */
  readonly from?: string;
  readonly to: string;
  /** At the source; for `remove` at the destination. */
  readonly digest: Digest;
}

export interface SyncFailure {
  /** A tag, a repository or an entry of the file. */
  readonly what: string;
  readonly error: Error;
}

export interface SyncResult {
  /** What was done, or with a dry run would be. */
  readonly steps: readonly SyncStep[];
  readonly failures: readonly SyncFailure[];
}

export interface SyncRequest {
  /** For entries that name none: `HOST/PREFIX`. */
  readonly destination?: string;
  /** In place of the naming of the file. */
  readonly scoped?: boolean;
  /** Tags of the destination that were not selected go, whatever the file says. */
  readonly prune?: boolean;
  /** Looks at images that are up to date as well: for signatures that came later. */
  readonly all?: boolean;
  readonly dryRun?: boolean;
  /** Called for each when it is done. */
  readonly onStep?: (step: SyncStep) => void;
  readonly onFailure?: (failure: SyncFailure) => void;
}
