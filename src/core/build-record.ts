/** What is remembered of a build: the answers of `history ls` and `history inspect`. */
import type { Digest } from './digest.ts';

/** `interrupted`: its process ended without a word, as after kill -9 or a power cut. */
export type BuildStatus = 'running' | 'completed' | 'error' | 'canceled' | 'interrupted';

/** What a build was asked for. Values of build arguments and secrets are not kept. */
export interface BuildInputs {
  /** As on the command line, without passwords. */
  readonly context: string;
  /** The path, or its name inside a context that is no folder. Absent until it was read. */
  readonly dockerfile?: { readonly path: string; readonly digest: Digest };
  readonly target?: string;
  /** `linux/amd64`. */
  readonly platforms: readonly string[];
  /** Names of the build arguments. */
  readonly buildArgs: readonly string[];
}

/** One step of the log. */
export interface BuildStepRecord {
  /** In the log. */
  readonly number: number;
  readonly name: string;
  /** `unfinished`: the build's process ended before it did. */
  readonly state: 'cached' | 'done' | 'error' | 'canceled' | 'running' | 'unfinished';
  /** Milliseconds. Absent while it runs, and where nobody knows. */
  readonly durationMs?: number;
  /** Why it was not taken from the cache. Absent: it was, or it is not of the kind that could. */
  readonly missed?: string;
}

export interface BuildResultRecord {
  readonly imageId: Digest;
  readonly manifest: Digest;
  /** Names it got in the local store. */
  readonly names: readonly string[];
}

export interface StepCounts {
  readonly total: number;
  readonly completed: number;
  readonly cached: number;
}

export interface BuildSummary extends BuildInputs {
  /** 25 letters and digits. */
  readonly ref: string;
  /** For people: the context's folder, with Dockerfile and target where they are not the usual. */
  readonly name: string;
  readonly status: BuildStatus;
  readonly startedAtMs: number;
  /** Absent while it runs; of an interrupted one, when its log ends. */
  readonly endedAtMs?: number;
  readonly steps: StepCounts;
  /** The first line of what went wrong. */
  readonly error?: string;
  /** `type=local,dest=/out`. */
  readonly outputs: readonly string[];
  readonly result?: BuildResultRecord;
  /** The image that holds the root of the step that failed, while it is there. */
  readonly failedImage?: Digest;
  /** The file with the whole log, an event a line. */
  readonly logFile: string;
}

export interface BuildDetails extends BuildSummary {
  readonly stepList: readonly BuildStepRecord[];
  /** Notes and lint findings, in the order of the log. */
  readonly warnings: readonly string[];
}
