/** A chain of layers as one plain tar, with the places that a container mounts over where it lacks them. */
import { open } from 'node:fs/promises';
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { splitPath } from '#archive/entry-path.ts';
import { TarWriter } from '#archive/tar-write.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import type { LayerFiles } from './layer.ts';
import { MergedTree } from './merged-tree.ts';
import { treeEntries } from './tree-entries.ts';

export interface ChainTarOptions {
  /** A file that is not there yet. */
  readonly output: string;
  /** Paths in the root, parents first. */
  readonly places: { readonly folders: readonly string[]; readonly files: readonly string[] };
  readonly signal?: AbortSignal;
}

/** The places that were missing, and now are there. @throws INDEX_INVALID, STORE_BROKEN */
export async function writeChainTar(
  layers: readonly LayerFiles[],
  { output, places, signal }: ChainTarOptions,
): Promise<readonly string[]> {
  await using file = await open(output, 'wx', 0o600);
  using tree = MergedTree.open(layers);
  const writer = new TarWriter((chunk) => file.writeFile(chunk), { nanoseconds: true });
  const start = { node: tree.root, path: '' as ByteString };
  for (const entry of treeEntries(tree, start, start.path)) {
    signal?.throwIfAborted();
    await writer.add(entry);
  }
  const missing = [...missingPlaces(tree, places)];
  for (const place of missing) await writer.add(place);
  await writer.finish();
  return missing.map(({ entry }) => entry.path);
}

/** A folder of the image that is a link gets none: nothing is made where it leads. */
function* missingPlaces(
  tree: MergedTree,
  { folders, files }: ChainTarOptions['places'],
): Generator<EntrySource> {
  const common = { mode: 0o755, uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };
  for (const path of folders.map(toByteString)) {
    if (!tree.lookup(path)) yield { entry: { ...common, kind: 'directory', path } };
  }
  for (const path of files.map(toByteString)) {
    const parent = tree.lookup(splitPath(path).parent);
    if (tree.lookup(path) || (parent && parent.kind !== 'directory')) continue;
    yield { entry: { ...common, kind: 'file', path, mode: 0o644, size: 0 } };
  }
}
