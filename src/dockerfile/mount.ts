/**
 * What `RUN --mount` asks for, as typed data: made by run-mount.ts, carried out by the builder.
 *
 * Spec: Dockerfile reference 1.20, "RUN --mount".
 */

export interface Owned {
  /** Octal modes and numeric ids as given; absent: docker's default for the type. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface BindMount {
  readonly type: 'bind';
  /** A stage, a build context or an image; absent: the main context. */
  readonly from?: string;
  readonly source?: string;
  /** Relative to the working directory, which it is when empty. */
  readonly target: string;
  readonly readOnly: boolean;
}

export interface CacheMount extends Owned {
  readonly type: 'cache';
  /** Absent: the target is the id. */
  readonly id?: string;
  readonly from?: string;
  readonly source?: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly sharing: 'shared' | 'private' | 'locked';
}

export interface TmpfsMount {
  readonly type: 'tmpfs';
  readonly target: string;
  readonly readOnly: boolean;
  /** In bytes. */
  readonly size?: number;
}

export interface SecretMount extends Owned {
  readonly type: 'secret';
  readonly id: string;
  /** Absent with `env`: then there is no file. */
  readonly target?: string;
  /** The variable that holds the secret. */
  readonly env?: string;
  readonly required: boolean;
}

export interface SshMount extends Owned {
  readonly type: 'ssh';
  readonly id: string;
  readonly target?: string;
  readonly required: boolean;
}

export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;
