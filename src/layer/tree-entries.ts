/**
 * A part of an image's tree as entries, for a tar or a folder: what is there once the layers are
 * merged, hard links as links, in an order that is always the same.
 */
import type { EntrySource } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import type { MergedTree, TreeNode } from './merged-tree.ts';

/** @param as the path that the start gets; what is below it follows */
export function* treeEntries(
  tree: MergedTree,
  start: Place,
  as: ByteString,
): Generator<EntrySource> {
  const names = new Map<string, ByteString>();
  for (const { node, path } of walkTree(tree, start)) {
    const to = renamed(path, start.path, as);
    const entry = tree.entry(node, to);
    if (entry.kind === 'directory') {
      yield { entry };
      continue;
    }
    const target = names.get(node.identity);
    if (target !== undefined) {
      const { mode, uid, gid, mtime, xattrs } = entry;
      yield { entry: { path: to, kind: 'hardlink', target, mode, uid, gid, mtime, xattrs } };
      continue;
    }
    names.set(node.identity, to);
    yield entry.kind === 'file' ? { entry, content: () => tree.read(node) } : { entry };
  }
}

function renamed(path: ByteString, from: ByteString, to: ByteString): ByteString {
  if (path === from) return to;
  const below = from === '' ? path : path.slice(from.length + 1);
  return joined(to, below as ByteString);
}

/** A file of a tree with its path, in Entry's form. */
export interface Place {
  readonly node: TreeNode;
  readonly path: ByteString;
}

/** A place and everything below it: a directory before what it holds, names sorted by bytes. */
export function* walkTree(
  tree: MergedTree,
  start: Place,
  { depthMax = Number.POSITIVE_INFINITY }: { readonly depthMax?: number } = {},
): Generator<Place> {
  const pending: (Place & { readonly depth: number })[] = [{ ...start, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    if (next.node.kind !== 'directory' || next.depth >= depthMax) continue;
    for (const node of tree.list(next.node).reverse()) {
      pending.push({ node, path: joined(next.path, node.name), depth: next.depth + 1 });
    }
  }
}

/** The path of a name in a directory. */
export function joined(directory: ByteString, name: ByteString): ByteString {
  return directory === '' ? name : (`${directory}/${name}` as ByteString);
}
