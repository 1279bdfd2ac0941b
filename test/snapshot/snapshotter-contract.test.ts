/** The contract of test/contract/snapshotter.ts on both snapshotters, EROFS with every backing. */
import { mkdirSync } from 'node:fs';
import { NativeHelper } from '#layer/native.ts';
import { probe } from '#runtime/probe.ts';
import { erofsSnapshotter } from '#snapshot/erofs-overlay.ts';
import { folderSnapshotter } from '#snapshot/folder-overlay.ts';
import { plainCopySnapshotter } from '#snapshot/plain-copy.ts';
import { snapshotterContract } from '#test/contract/snapshotter.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const helper = new NativeHelper(HELPER_PROGRAM);

async function obstacleOf(
  what: 'erofsFile' | 'erofsRamfs' | 'erofsLoop' | 'overlay',
): Promise<string | undefined> {
  using folder = tempFolder();
  const store = folder.at('store');
  mkdirSync(store);
  const { [what]: attempt } = await probe({ helper: HELPER_PROGRAM, store });
  return attempt.works ? undefined : `needs a kernel that can: ${attempt.error?.call ?? what}`;
}

snapshotterContract('erofs, file', {
  make: async (paths) => erofsSnapshotter(paths, { backing: 'file', helper }),
  obstacle: () => obstacleOf('erofsFile'),
});
snapshotterContract('erofs, ramfs', {
  make: async (paths) => erofsSnapshotter(paths, { backing: 'ramfs', helper }),
  obstacle: () => obstacleOf('erofsRamfs'),
  isVariant: true,
});
snapshotterContract('erofs, loop devices', {
  make: async (paths) => erofsSnapshotter(paths, { backing: 'loop', helper }),
  obstacle: () => obstacleOf('erofsLoop'),
  isVariant: true,
});
snapshotterContract('folders', {
  make: async (paths) => folderSnapshotter(paths, { helper }),
  obstacle: () => obstacleOf('overlay'),
});
snapshotterContract('plain copy', {
  make: async (paths) => plainCopySnapshotter(paths, { helper }),
  obstacle: () => obstacleOf('overlay'),
});
