/**
 * A part of an image's tree as entries, for a tar or a folder: what is there once the layers are
 * merged, hard links as links, in an order that is always the same.
 */
import type { EntrySource } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import type { MergedTree } from '#layer/merged-tree.ts';
import { joined, type Place, walkTree } from './root-tree.ts';

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
