/**
 * `--output type=local,mode=delete`: before the files come, what the build has not made goes out of
 * the folder, and what is of another kind than its. Links are removed, never followed.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { type ByteString, byteStringOf, bytesOf, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { MergedTree } from '#layer/merged-tree.ts';
import { treeEntries } from '#layer/tree-entries.ts';
import { onDisk } from '#store/disk-errors.ts';

const ROOT = '' as ByteString;

/** @throws FILE_UNUSABLE for a folder that nobody means to lose; PERMISSION */
export async function clearFolder(
  folder: string,
  trees: readonly (readonly [tree: MergedTree, below: string])[],
  signal: AbortSignal,
): Promise<void> {
  await refuseHome(folder);
  const kept = new Map<ByteString, boolean>();
  for (const [tree, below] of trees) {
    const as = toByteString(below);
    for (const { entry } of treeEntries(tree, { node: tree.root, path: ROOT }, as)) {
      kept.set(entry.path, entry.kind === 'directory');
    }
  }
  await clear(folder, ROOT, { kept, signal });
}

/** Somebody wrote `dest=.` or a variable was empty. */
async function refuseHome(folder: string): Promise<void> {
  const place = `${await realpath(folder)}/`.replace('//', '/');
  for (const path of [process.cwd(), homedir()]) {
    if (!`${path}/`.startsWith(place)) continue;
    throw new SlipwayError('FILE_UNUSABLE', `mode=delete would delete what is in ${folder}`, {
      hint: 'give dest= a folder of its own: your home folder and the one you are in are below this one',
      detail: { path: folder },
    });
  }
}

interface Clearing {
  /** By path: whether it is a folder. */
  readonly kept: ReadonlyMap<ByteString, boolean>;
  readonly signal: AbortSignal;
}

async function clear(folder: string, below: ByteString, clearing: Clearing): Promise<void> {
  clearing.signal.throwIfAborted();
  const at = join(folder, below);
  const entries: readonly Dirent<Buffer>[] = await onDisk(folder, () =>
    readdir(at, { withFileTypes: true, encoding: 'buffer' }),
  );
  for (const entry of entries) {
    const name = byteStringOf(entry.name);
    const path = (below === '' ? name : `${below}/${name}`) as ByteString;
    const isKept = clearing.kept.get(path) === entry.isDirectory();
    if (!isKept) await onDisk(folder, () => rm(join(folder, path), { recursive: true }));
    else if (entry.isDirectory()) await clear(folder, path, clearing);
  }
}

function join(folder: string, path: ByteString): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), bytesOf(path)]);
}
