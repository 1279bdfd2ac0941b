/** Looking after what a registry holds, as commands see it: a server on the same store may run meanwhile. */
import type { Digest } from './digest.ts';
import type { CareConfig } from './registry-config.ts';
import type { GarbageReport } from './store-report.ts';

export interface RegistryKeeping {
  /** Removes blobs that no manifest needs, and abandoned uploads. */
  gc(options: KeepingOptions): Promise<GarbageReport>;
  /** Applies the rules; tells what went, or would go. */
  retention(options: KeepingOptions): AsyncIterable<RetainedNot>;
  /** Reads and hashes everything that is served. */
  check(options: {
    /** Put damaged blobs into quarantine. */
    readonly repair: boolean;
    readonly signal?: AbortSignal;
  }): Promise<RegistryCheck>;
  /** `top`: how many of the biggest and of the least pulled. */
  stats(top: number): Promise<RegistryFigures>;
  /** Takes over the storage folder of docker's registry. @throws FILE_MISSING, FILE_UNUSABLE */
  importFrom(folder: string, options: TransferOptions): Promise<RegistryTransfer>;
  /** Writes one. @throws FILE_UNUSABLE */
  exportTo(folder: string, options: TransferOptions): Promise<RegistryTransfer>;
}

export interface KeepingOptions {
  readonly config: CareConfig;
  /** Only say what would go. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
}

/** What retention removes. */
export interface RetainedNot {
  readonly repository: string;
  /** Absent: a manifest without one. */
  readonly tag?: string;
  readonly digest: Digest;
  readonly why: string;
}

export interface RegistryCheck {
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: readonly {
    readonly digest: Digest;
    readonly problem: 'lost' | 'damaged';
    /** What it hashes to, or why it cannot be read. */
    readonly found?: string;
    readonly repositories: readonly string[];
  }[];
}

export interface RegistryFigures {
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  /** Of blobs, each once. */
  readonly bytes: number;
  /** The same, each as often as a repository shows it. */
  readonly shownBytes: number;
  readonly uploads: number;
  readonly biggest: readonly { readonly repository: string; readonly bytes: number }[];
  readonly leastPulled: readonly {
    readonly repository: string;
    readonly tag: string;
    readonly digest: Digest;
    readonly putAtMs: number;
    /** 0: never, as far as is known. */
    readonly pulledAtMs: number;
  }[];
}

export interface TransferOptions {
  readonly signal?: AbortSignal;
  /** Told of what could not be taken along. */
  readonly onProblem?: (what: string) => void;
}

export interface RegistryTransfer {
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
  /** What was told to `onProblem`. */
  readonly problems: number;
}
