/**
 * A chain of layers → one EROFS image for the kernel: the single lower of a container's overlay. One
 * device for each tar, base first, whether or not a file of it is still visible. Whiteouts are
 * resolved, no mark and no overlay attribute remains. The same indexes give the same bytes.
 */
import type { ByteString } from '#core/bytes.ts';
import { BLOCK } from './erofs-format.ts';
import { writeErofs } from './erofs-write.ts';
import type { LayerFiles } from './layer.ts';
import { MergedTree, type TreeNode } from './merged-tree.ts';
import type { DirectoryNode, Node } from './tree.ts';

/** The image; device i + 1 is `layers[i].tar`. @throws ENTRY_REFUSED, INDEX_INVALID, STORE_BROKEN */
export function mergedImage(layers: readonly LayerFiles[]): Uint8Array {
  using tree = MergedTree.open(layers);
  const deviceSizes = tree.tarBlocks.map((blocks) => blocks * BLOCK);
  return writeErofs({ root: copyTree(tree), deviceSizes });
}

function copyTree(tree: MergedTree): DirectoryNode {
  const shared = new Map<number, Node>();
  const root = copyDirectory(tree, tree.root);
  const queue: { readonly from: TreeNode; readonly to: DirectoryNode }[] = [
    { from: tree.root, to: root },
  ];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of tree.list(next.from)) {
      if (child.kind === 'directory') {
        const to = copyDirectory(tree, child);
        next.to.children.set(child.name, to);
        queue.push({ from: child, to });
        continue;
      }
      const key = tree.inodeKey(child);
      const known = shared.get(key);
      const node = known ?? copyFile(tree, child);
      if (known === undefined) shared.set(key, node);
      next.to.children.set(child.name, node);
    }
  }
  return root;
}

const NO_PATH = '' as ByteString;

function copyDirectory(tree: MergedTree, node: TreeNode): DirectoryNode {
  const { mode, uid, gid, mtime, xattrs } = tree.entry(node, NO_PATH);
  return { kind: 'directory', mode, uid, gid, ...mtime, xattrs, children: new Map() };
}

function copyFile(tree: MergedTree, node: TreeNode): Node {
  const entry = tree.entry(node, NO_PATH);
  const { mode, uid, gid, xattrs } = entry;
  const { seconds, nanoseconds } = entry.mtime;
  if (entry.kind === 'file') {
    // Spelled out: most of a tree are files, and spreading costs more than all the rest.
    const { size } = entry;
    const data = tree.data(node);
    return data === undefined
      ? { kind: 'file', mode, uid, gid, seconds, nanoseconds, xattrs, size }
      : { kind: 'file', mode, uid, gid, seconds, nanoseconds, xattrs, size, data };
  }
  const metadata = { mode, uid, gid, seconds, nanoseconds, xattrs };
  switch (entry.kind) {
    case 'symlink':
      return { ...metadata, kind: 'symlink', target: entry.target };
    case 'char':
    case 'block':
      return { ...metadata, kind: entry.kind, major: entry.major, minor: entry.minor };
    case 'fifo':
      return { ...metadata, kind: 'fifo' };
    default:
      throw new Error(`invariant broken: a ${entry.kind} in a merged tree`);
  }
}
