/**
 * Root file systems for RUN and containers: a chain of layers becomes a writable root. Nothing is
 * mounted here: a snapshot is a description (RootfsSpec) that the launcher mounts inside the
 * container's own mount namespace, so a killed process leaves no mount behind.
 */
import type { RootfsSpec } from '#core/runtime-spec.ts';
import type { LayerFiles } from '#layer/layer.ts';

export interface Snapshotter {
  /** As named in logs and `--snapshotter`. */
  readonly name: 'erofs' | 'folders';
  /** A new writable root over the chain (base first; empty for `scratch`). The caller disposes it. */
  prepare(
    layers: readonly LayerFiles[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Snapshot>;
}

/** One writable root. Disposing removes the upper folder and everything in it. */
export interface Snapshot extends AsyncDisposable {
  readonly rootfs: RootfsSpec;
  /** What the container changed, in overlay's form. Read it only when no container uses the root. */
  readonly upper: string;
  /** A private folder for the bundle of the container that uses this root. */
  readonly bundle: string;
}
