/**
 * Makes a folder in a root that is not mounted: straight in overlay's upper folder. For working
 * directories that an image names but does not hold; docker makes them too.
 */
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteString, bytesOf, toByteString } from '#core/bytes.ts';
import type { MergedTree } from '#layer/merged-tree.ts';

/** `path`: absolute, in the container. Folders that are there are left alone; new ones are 0755, root's. */
export function makeFolderIn(
  upper: string,
  { tree, path }: { readonly tree: MergedTree; readonly path: string },
): void {
  let real = toByteString('');
  for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
    const next = `${real}/${toByteString(part)}` as ByteString;
    const found = tree.resolve(next);
    // What is not there, or no folder, is for the launcher to complain about.
    if (found && found.node.kind !== 'directory') return;
    if (!found) copyUpParents(upper, { tree, path: next });
    if (!found) makeOpen(under(upper, next));
    real = found?.path ?? next;
  }
}

/** Parents as they are below, so that overlay shows them unchanged. */
function copyUpParents(
  upper: string,
  { tree, path }: { readonly tree: MergedTree; readonly path: ByteString },
): void {
  const parts = path.split('/').filter((part) => part !== '');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join('/') as ByteString;
    const copy = under(upper, parent);
    const node = tree.lookup(parent);
    if (existsSync(copy) || !node) continue;
    mkdirSync(copy);
    chownSync(copy, node.uid, node.gid);
    chmodSync(copy, node.mode);
  }
}

/** 0755 under any umask. */
function makeOpen(path: Buffer): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}

function under(upper: string, path: ByteString): Buffer {
  return Buffer.concat([Buffer.from(join(upper, '/')), bytesOf(path)]);
}
