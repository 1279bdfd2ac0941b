/**
 * Roots from unpacked folders, one a layer: works wherever overlay does, without EROFS. A layer is
 * unpacked once and shared by every chain that has it; one that takes something from the layers below
 * it (hard links to them, directories it only passes through) is unpacked once for each chain.
 */
import { chmod, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { chainIdOf } from '#core/chain-id.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import type { RootfsLower } from '#core/runtime-spec.ts';
import { takesFromBelow, writeFromBelow } from '#layer/from-below.ts';
import type { LayerFiles } from '#layer/layer.ts';
import type { NativeHelper } from '#layer/native.ts';
import type { StorePaths } from '#store/paths.ts';
import type { Snapshotter } from './snapshotter.ts';
import { stubFolder } from './stubs.ts';
import { writableRoot } from './writable-root.ts';

/**
 * `userNamespace` names the user namespace we are in, by its ids; absent: none. Folders then are for
 * it alone: owners are numbers of the host's, and marks are in attributes that a namespace may set.
 */
export interface FolderOptions {
  readonly helper: NativeHelper;
  readonly userNamespace?: string;
}

export function folderSnapshotter(paths: StorePaths, options: FolderOptions): Snapshotter {
  const folders = new LayerFolders(paths, options);
  const userXattr = options.userNamespace !== undefined;
  return {
    name: 'folders',
    async prepare(layers, { missing } = {}) {
      const lowers: RootfsLower[] = [];
      for (const chain of chainsOf(layers)) {
        lowers.push({ kind: 'folder', path: await folders.ensure(chain) });
      }
      lowers.push({ kind: 'folder', path: stubFolder(paths) });
      const { helper } = options;
      return writableRoot(paths, { helper, lowers, userXattr, ...(missing ? { missing } : {}) });
    },
  };
}

/** A layer, and base first what is below it. */
interface Chain {
  readonly layer: LayerFiles;
  readonly below: readonly LayerFiles[];
}

/**
 * Top first, each layer once: overlay refuses a folder given twice. What a layer says wins over all
 * below it, so its topmost place alone gives the same tree.
 */
function chainsOf(layers: readonly LayerFiles[]): readonly Chain[] {
  const byDiffId = new Map<string, Chain>();
  for (const [index, layer] of [...layers.entries()].reverse()) {
    if (byDiffId.has(layer.diffId)) continue;
    byDiffId.set(layer.diffId, { layer, below: layers.slice(0, index) });
  }
  return [...byDiffId.values()];
}

class LayerFolders {
  readonly #paths: StorePaths;
  readonly #helper: NativeHelper;
  readonly #userNamespace: string | undefined;
  /** Layers of a chain, by the chain's ID, that stand for themselves. */
  readonly #selfContained = new Set<string>();

  constructor(paths: StorePaths, { helper, userNamespace }: FolderOptions) {
    this.#paths = paths;
    this.#helper = helper;
    this.#userNamespace = userNamespace;
  }

  /** The folder to mount. */
  async ensure({ layer, below }: Chain): Promise<string> {
    const layers = [...below, layer];
    const chain = chainIdOf(layers.map(({ diffId }) => diffId)) ?? layer.diffId;
    const shared = this.#inNamespace(chain);
    if (await this.#isReady(shared)) return join(shared, 'root');
    if (!this.#selfContained.has(chain)) {
      if (takesFromBelow(layers)) return join(await this.#make(shared, layers), 'root');
      this.#selfContained.add(chain);
    }
    if (this.#userNamespace !== undefined) {
      const folder = this.#inNamespace(layer.diffId, 'alone');
      if (!(await this.#isReady(folder))) await this.#make(folder, [layer], 'root');
      return join(folder, 'root');
    }
    const own = this.#paths.folder(layer.diffId);
    if (!(await isFolder(own))) await this.#make(own, [layer]);
    return own;
  }

  /** A folder that gc removes when nobody has used it for a while. */
  #inNamespace(digest: Digest, use = ''): string {
    const namespace = this.#userNamespace;
    if (namespace === undefined) return this.#paths.chainFolder(digest);
    return this.#paths.chainFolder(digestOf(Buffer.from(`${digest}\n${use}\n${namespace}`)));
  }

  async #isReady(folder: string): Promise<boolean> {
    if (!(await isFolder(folder))) return false;
    // For gc, which goes by when it was last used.
    const now = new Date();
    await utimes(folder, now, now);
    return true;
  }

  /** Unpacked into a temporary folder and renamed, so a folder that is there is whole. */
  async #make(folder: string, layers: readonly LayerFiles[], inside?: 'root'): Promise<string> {
    const temporary = this.#paths.temporary('ingest');
    try {
      await this.#unpack(temporary, layers, inside);
      await mkdir(dirname(folder), { recursive: true });
      await rename(temporary, folder);
    } catch (error) {
      // Another process was first with the same layer: its folder is as good.
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return folder;
  }

  /** The last layer: into the folder, or with what it takes from the others into `root` in it. */
  async #unpack(folder: string, layers: readonly LayerFiles[], inside?: 'root'): Promise<void> {
    const layer = layers.at(-1);
    if (layer === undefined) throw new Error('invariant broken: a chain without layers');
    const isAlone = layers.length === 1;
    const root = isAlone && inside === undefined ? folder : join(folder, 'root');
    const userXattr = this.#userNamespace !== undefined;
    await mkdir(root, { recursive: true });
    await chmod(root, 0o755);
    if (isAlone) {
      await this.#helper.unpack({ tar: layer.tar, folder: root, userXattr });
      return;
    }
    const before = join(folder, 'before.tar');
    await writeFromBelow(layers, before);
    await this.#helper.unpack({ before, tar: layer.tar, folder: root, userXattr });
    await rm(before);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
