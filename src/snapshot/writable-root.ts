/** The private folder of one root: overlay's upper and work, and the container's bundle. */
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RootfsLower } from '#core/runtime-spec.ts';
import type { StorePaths } from '#store/paths.ts';
import type { Snapshot } from './snapshotter.ts';

/**
 * Makes the folder. Disposing moves it to the trash at once and deletes it there, so that a killed
 * process leaves at most trash, which the next start of the store removes.
 */
export async function writableRoot(
  paths: StorePaths,
  options: { readonly lowers: readonly RootfsLower[]; readonly userXattr: boolean },
): Promise<Snapshot> {
  const folder = paths.temporary('snapshots');
  const upper = join(folder, 'upper');
  const work = join(folder, 'work');
  const bundle = join(folder, 'bundle');
  for (const path of [upper, work, bundle]) await mkdir(path, { recursive: true });
  // The container's root, whatever the umask of whoever started us.
  await chmod(upper, 0o755);
  return {
    rootfs: {
      lowers: options.lowers,
      // The upper is packed or thrown away: nothing is worth a sync, and `work` is used once.
      overlay: { upper, work, userXattr: options.userXattr, volatile: true },
    },
    upper,
    bundle,
    // Mounts are never written to, and mount points are in a lower.
    changes: async () => upper,
    async [Symbol.asyncDispose]() {
      const trash = paths.temporary('trash');
      await mkdir(dirname(trash), { recursive: true });
      await rename(folder, trash);
      await rm(trash, { recursive: true, force: true });
    },
  };
}
