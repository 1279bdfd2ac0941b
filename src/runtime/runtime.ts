/** What starts containers. `launcher.ts` is ours; any OCI runtime with the same bundle can replace it. */

export interface RunContainer {
  /** Unique among running containers. */
  readonly id: string;
  /** A folder with `config.json` (RuntimeSpec) and `rootfs.json` (RootfsSpec). */
  readonly bundle: string;
  readonly stdio: /** This process's own; without `hasInput` stdin is empty. A terminal of its own is the spec's matter. */
    | {
        readonly kind: 'inherit';
        readonly hasInput: boolean;
        /** The spec's terminal is shown by ours: who closes ours ends the container. */
        readonly hasTerminal?: boolean;
      }
    /** stdin is empty; output arrives in order, per stream. */
    | {
        readonly kind: 'capture';
        readonly output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
      };
  /** Aborting kills the container; `run` then rejects with CANCELLED. */
  readonly signal?: AbortSignal;
}

export interface ContainerResult {
  /** 0 … 255; 128 + n when signal n ended it. */
  readonly exitCode: number;
  /** The kernel killed a process of it at its memory limit. */
  readonly oomKilled?: boolean;
}

/** What a command of the helper said, and how it ended. */
export interface HelperAnswer {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface Runtime extends AsyncDisposable {
  readonly name: string;
  /**
   * Runs one container to its end. @throws COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE (the program),
   * LAUNCH_FAILED (set-up, with stage, call, errno and path in `detail`), SPEC_UNSUPPORTED, CANCELLED
   */
  run(container: RunContainer): Promise<ContainerResult>;
  /**
   * The helper's `pack`, by the process that ran the containers: starting one from here takes longer than
   * most packs. Undefined where none is running. @throws HELPER_FAILED, CANCELLED
   */
  pack?(args: readonly string[]): Promise<HelperAnswer | undefined>;
}
