/**
 * Root file systems for RUN and containers: a chain of layers becomes a writable root. Nothing is
 * mounted here: a snapshot is a description (RootfsSpec) that the launcher mounts inside the
 * container's own mount namespace, so a killed process leaves no mount behind.
 */
import type { RootfsSpec } from '#core/runtime-spec.ts';
import type { LayerFiles } from '#layer/layer.ts';

export interface Snapshotter {
  /** As named in logs and `--snapshotter`. */
  readonly name: 'erofs' | 'folders' | 'copy';
  /** A new writable root over the chain (base first; empty for `scratch`). The caller disposes it. */
  prepare(
    layers: readonly LayerFiles[],
    options?: { readonly signal?: AbortSignal; readonly missing?: MountPoints },
  ): Promise<Snapshot>;
}

/** Places to mount over that the layers lack, parents first: below the root, no link on the way. */
export interface MountPoints {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** One writable root. Disposing removes the upper folder and everything in it. */
export interface Snapshot extends AsyncDisposable {
  readonly rootfs: RootfsSpec;
  /** The folder that is written to; for making folders in it before a container uses the root. */
  readonly upper: string;
  /**
   * What the container changed, as a folder in overlay's form. Call it once, when no container uses
   * the root. `excluded`: paths in the root that were mounted over, or stood for a mount.
   */
  changes(excluded: readonly string[]): Promise<string>;
  /** The root as it is now, for another container once the one before has ended. */
  again(): Promise<RootfsSpec>;
  /** A private folder for the bundle of the container that uses this root. */
  readonly bundle: string;
}
