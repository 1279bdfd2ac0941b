/**
 * The layers from one on as a single layer: what they add and change, and whiteouts for what of the
 * layers below they take away. Laid over those below it gives the tree that they gave.
 */
import { type Entry, type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { whiteoutOf } from '#archive/whiteout.ts';
import type { ByteString } from '#core/bytes.ts';
import type { MergedTree, TreeNode } from './merged-tree.ts';
import { joined } from './tree-entries.ts';

export interface SquashedTrees {
  /** The layers below alone. */
  readonly below: MergedTree;
  /** All layers. */
  readonly whole: MergedTree;
  /** How many are below. */
  readonly count: number;
}

/** A directory before what it holds, names sorted by bytes, whiteouts before the names of a directory. */
export function* squashedEntries(trees: SquashedTrees): Generator<EntrySource> {
  const { below, whole } = trees;
  const walk: Walk = { ...trees, names: new Map() };
  const root = { node: whole.root, hidden: below.root, path: '' as ByteString };
  const pending: Pair[] = [root];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const source = entryOf(walk, pair);
    if (source) yield source;
    if (pair.node.kind !== 'directory' || !whole.isFrom(pair.node, trees.count)) continue;
    const names = whole.list(pair.node);
    yield* whiteouts(walk, pair, new Set(names.map(({ name }) => name)));
    for (const node of names.reverse()) {
      const hidden = pair.hidden && below.child(pair.hidden, node.name);
      pending.push({ node, hidden, path: joined(pair.path, node.name) });
    }
  }
}

interface Walk extends SquashedTrees {
  /** The first path of each file that was written, for its other names. */
  readonly names: Map<string, ByteString>;
}

interface Pair {
  readonly node: TreeNode;
  /** What the layers below have at the path. */
  readonly hidden: TreeNode | undefined;
  readonly path: ByteString;
}

/** Undefined for what is as it is below. */
function entryOf({ whole, count, names }: Walk, pair: Pair): EntrySource | undefined {
  const { node, hidden, path } = pair;
  if (node.kind === 'directory') {
    // One that nobody describes is there because of what it holds, or held. Where the layers below
    // describe it, it was something else in between, and is not theirs any more.
    const isTheirs = hidden?.kind === 'directory' && hidden.layer === undefined;
    const isNew = node.layer === undefined ? !isTheirs : node.layer >= count;
    return isNew ? { entry: whole.entry(node, path) } : undefined;
  }
  // A new name for a file of the layers below is found in them, but not at this path.
  if ((node.layer ?? 0) < count && hidden?.identity === node.identity) return undefined;
  const entry = whole.entry(node, path);
  const target = names.get(node.identity);
  if (target !== undefined) {
    const { mode, uid, gid, mtime, xattrs } = entry;
    return { entry: { path, kind: 'hardlink', target, mode, uid, gid, mtime, xattrs } };
  }
  names.set(node.identity, path);
  return entry.kind === 'file' ? { entry, content: () => whole.read(node) } : { entry };
}

function* whiteouts(
  { below }: Walk,
  { hidden, path }: Pair,
  names: ReadonlySet<ByteString>,
): Generator<EntrySource> {
  if (hidden?.kind !== 'directory') return;
  for (const { name } of below.list(hidden)) {
    if (!names.has(name)) yield { entry: whiteout(joined(path, whiteoutOf(name))) };
  }
}

function whiteout(path: ByteString): Entry {
  const metadata = { mode: 0, uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };
  return { ...metadata, path, kind: 'file', size: 0 };
}
