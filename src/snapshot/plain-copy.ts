/**
 * Roots for where no overlay can be mounted, or nothing at all: the whole chain unpacked into a private
 * folder for each root. What a container changed is found by comparing with what was there before. Slow
 * by the size of the image, and the same layers come out. With hard links one thing differs from
 * overlay: a change through one name is seen through all.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RootfsSpec } from '#core/runtime-spec.ts';
import { writeChainTar } from '#layer/chain-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';
import type { NativeHelper } from '#layer/native.ts';
import type { StorePaths } from '#store/paths.ts';
import { discard } from './discard.ts';
import type { MountPoints, Snapshot, Snapshotter } from './snapshotter.ts';
import { STUB_FILES, STUB_FOLDERS } from './stubs.ts';

export function plainCopySnapshotter(
  paths: StorePaths,
  { helper }: { readonly helper: NativeHelper },
): Snapshotter {
  return {
    name: 'copy',
    async prepare(layers, { signal, missing } = {}) {
      const folder = paths.temporary('snapshots');
      const root = join(folder, 'upper');
      const bundle = join(folder, 'bundle');
      for (const path of [root, join(folder, 'work'), bundle]) {
        await mkdir(path, { recursive: true });
      }
      await chmod(root, 0o755);
      const remove = (): Promise<void> => discard(paths, helper, folder);
      try {
        const places = {
          folders: [...STUB_FOLDERS, ...(missing?.folders ?? [])],
          files: [...STUB_FILES, ...(missing?.files ?? [])],
        };
        const input = { layers, folder, root, places, ...(signal ? { signal } : {}) };
        const stubs = await unpackChain(helper, input);
        const record = join(folder, 'record');
        await helper.record({ folder: root, output: record });
        return copiedRoot({ helper, folder, root, bundle, record, stubs, remove });
      } catch (error) {
        await remove();
        throw error;
      }
    },
  };
}

interface Copied {
  readonly helper: NativeHelper;
  readonly folder: string;
  readonly root: string;
  readonly bundle: string;
  readonly record: string;
  /** Mount points that the image lacks. */
  readonly stubs: readonly string[];
  readonly remove: () => Promise<void>;
}

function copiedRoot({ helper, folder, root, bundle, record, stubs, remove }: Copied): Snapshot {
  // No lower: the launcher takes the upper as it is.
  const rootfs: RootfsSpec = {
    lowers: [],
    overlay: { upper: root, work: join(folder, 'work'), userXattr: false },
  };
  return {
    rootfs,
    again: async () => rootfs,
    upper: root,
    bundle,
    async changes(excluded) {
      const paths = new Set([...stubs, ...excluded].map((path) => path.replace(/^\/+|\/+$/g, '')));
      await helper.changes({ folder: root, record, excluded: [...paths] });
      return root;
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Unpacks the chain with the mount points that it lacks; the paths of these. */
async function unpackChain(
  helper: NativeHelper,
  options: {
    readonly layers: readonly LayerFiles[];
    readonly folder: string;
    readonly root: string;
    readonly places: MountPoints;
    readonly signal?: AbortSignal;
  },
): Promise<readonly string[]> {
  const { layers, folder, root, places } = options;
  const signal = options.signal ? { signal: options.signal } : {};
  const tar = join(folder, 'chain.tar');
  const stubs = await writeChainTar(layers, { output: tar, places, ...signal });
  await helper.unpack({ tar, folder: root, userXattr: true, ...signal });
  await rm(tar);
  // What holds stubs may be changed as any other folder.
  return stubs.filter((path) => !stubs.some((other) => dirname(other) === path));
}
