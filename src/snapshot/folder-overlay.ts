/**
 * Roots from unpacked folders, one a layer: works wherever overlay does, without EROFS. A layer is
 * unpacked once and shared by every chain that has it.
 */
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import type { RootfsLower } from '#core/runtime-spec.ts';
import type { LayerFiles } from '#layer/layer.ts';
import type { NativeHelper } from '#layer/native.ts';
import type { StorePaths } from '#store/paths.ts';
import type { Snapshotter } from './snapshotter.ts';
import { stubFolder } from './stubs.ts';
import { writableRoot } from './writable-root.ts';

export function folderSnapshotter(paths: StorePaths, helper: NativeHelper): Snapshotter {
  return {
    name: 'folders',
    async prepare(layers) {
      const lowers: RootfsLower[] = [];
      for (const layer of topmostOnly(layers)) {
        lowers.push({ kind: 'folder', path: await ensureFolder(paths, { helper, layer }) });
      }
      lowers.push({ kind: 'folder', path: await stubFolder(paths) });
      return writableRoot(paths, { lowers, userXattr: false });
    },
  };
}

/**
 * Top first, each layer once: overlay refuses a folder given twice. What a layer says wins over all
 * below it, so its topmost place alone gives the same tree.
 */
function topmostOnly(layers: readonly LayerFiles[]): readonly LayerFiles[] {
  const byDiffId = new Map(layers.toReversed().map((layer) => [layer.diffId, layer]));
  return [...byDiffId.values()];
}

/** Unpacked into a temporary folder and renamed, so a folder that is there is whole. */
async function ensureFolder(
  paths: StorePaths,
  { helper, layer }: { readonly helper: NativeHelper; readonly layer: LayerFiles },
): Promise<string> {
  const folder = paths.folder(layer.diffId);
  if (await isFolder(folder)) return folder;
  const temporary = paths.temporary('ingest');
  await mkdir(temporary, { recursive: true });
  await chmod(temporary, 0o755);
  await mkdir(dirname(folder), { recursive: true });
  try {
    await helper.unpack({ tar: layer.tar, folder: temporary, userXattr: false });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was first with the same layer: its folder is as good.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
  return folder;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
