/** The private folder of one root: overlay's upper and work, and the container's bundle. */
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootfsLower, RootfsSpec } from '#core/runtime-spec.ts';
import type { NativeHelper } from '#layer/native.ts';
import type { StorePaths } from '#store/paths.ts';
import { discard } from './discard.ts';
import type { MountPoints, Snapshot } from './snapshotter.ts';

/** Makes the folder. Disposing discards it. */
export function writableRoot(
  paths: StorePaths,
  options: {
    readonly helper: Pick<NativeHelper, 'removeLater'>;
    readonly lowers: readonly RootfsLower[];
    readonly userXattr: boolean;
    /** Mount points of this root alone: a lower below all others. */
    readonly missing?: MountPoints;
  },
): Snapshot {
  const folder = paths.temporary('snapshots');
  const upper = join(folder, 'upper');
  const work = join(folder, 'work');
  const bundle = join(folder, 'bundle');
  for (const path of [upper, work, bundle]) mkdirSync(path, { recursive: true });
  // The container's root, whatever the umask of whoever started us.
  chmodSync(upper, 0o755);
  const points = mountPoints(join(folder, 'points'), options.missing);
  const rootfs = (workFolder: string): RootfsSpec => ({
    lowers: [...options.lowers, ...points],
    // The upper is packed or thrown away: nothing is worth a sync, and the work folder is used once.
    overlay: { upper, work: workFolder, userXattr: options.userXattr, volatile: true },
  });
  return {
    rootfs: rootfs(work),
    again: async () => rootfs(mkdtempSync(join(folder, 'work-'))),
    upper,
    bundle,
    // Mounts are never written to, and mount points are in a lower.
    changes: async () => upper,
    [Symbol.asyncDispose]: () => discard(paths, options.helper, folder),
  };
}

function mountPoints(
  folder: string,
  missing: MountPoints = { folders: [], files: [] },
): readonly RootfsLower[] {
  const { folders, files } = missing;
  if (folders.length + files.length === 0) return [];
  // Parents that the layers have are made too; what they are like is said by the layers above.
  const parents = [...folders, ...files].map((path) => dirname(path));
  for (const path of ['', ...parents, ...folders]) {
    mkdirSync(join(folder, path), { recursive: true });
    chmodSync(join(folder, path), 0o755);
  }
  for (const path of files) {
    writeFileSync(join(folder, path), '');
    chmodSync(join(folder, path), 0o644);
  }
  return [{ kind: 'folder', path: folder }];
}
