/**
 * Roots from one merged EROFS image per chain: nothing is unpacked, the kernel reads the layers' tars.
 * Needs root and a kernel and store that can mount such an image (probed by the runtime's `probe`).
 */
import { mkdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chainIdOf } from '#core/chain-id.ts';
import { digestOf } from '#core/digest.ts';
import type { RootfsLower } from '#core/runtime-spec.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { mergedImage } from '#layer/merged-image.ts';
import type { NativeHelper } from '#layer/native.ts';
import type { StorePaths } from '#store/paths.ts';
import { bootId } from '#store/process-owner.ts';
import type { Snapshotter } from './snapshotter.ts';
import { stubFolder } from './stubs.ts';
import { writableRoot } from './writable-root.ts';

/** `backing`: how the kernel takes the image, as the probe found. */
export function erofsSnapshotter(
  paths: StorePaths,
  options: {
    readonly backing: 'file' | 'ramfs' | 'loop';
    readonly helper: Pick<NativeHelper, 'removeLater'>;
  },
): Snapshotter {
  const { backing, helper } = options;
  return {
    name: 'erofs',
    async prepare(layers, { missing } = {}) {
      const given = { helper, userXattr: false, ...(missing ? { missing } : {}) };
      const stubs: RootfsLower = { kind: 'folder', path: stubFolder(paths) };
      const chain = chainIdOf(layers.map(({ diffId }) => diffId));
      if (chain === undefined) return writableRoot(paths, { ...given, lowers: [stubs] });
      // Nobody waits for the disk to have it, so that each boot of the machine makes its own.
      const path = paths.mergedImage(digestOf(`${chain} ${bootId()}`));
      const image = await ensureImage(paths, { path, layers });
      const devices = layers.map(({ tar }) => tar);
      const merged: RootfsLower = { kind: 'erofs', image, devices, backing };
      return writableRoot(paths, { ...given, lowers: [merged, stubs] });
    },
  };
}

/** Merged images are derived: written whole or not at all. */
async function ensureImage(
  paths: StorePaths,
  { path, layers }: { readonly path: string; readonly layers: readonly LayerFiles[] },
): Promise<string> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
    // For gc, which goes by when it was last used.
    const now = new Date();
    utimesSync(path, now, now);
    return path;
  }
  const temporary = paths.temporary('ingest');
  mkdirSync(dirname(temporary), { recursive: true });
  mkdirSync(dirname(path), { recursive: true });
  await writeFile(temporary, mergedImage(layers));
  renameSync(temporary, path);
  return path;
}
