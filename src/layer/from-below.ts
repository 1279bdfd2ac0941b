/**
 * What a layer takes from the layers below it, as entries: unpacked alone it would lack them. They
 * are put in front of its own (`before` of unpack):
 * - a directory that the layer only passes through keeps the metadata of the one below;
 * - a hard link to a file below needs that file, and all its names, in the folder of the link, where
 *   they hide the ones below and are one file again.
 */
import { open } from 'node:fs/promises';
import type { EntrySource } from '#archive/entry.ts';
import { splitPath } from '#archive/entry-path.ts';
import { TarWriter } from '#archive/tar-write.ts';
import type { ByteString } from '#core/bytes.ts';
import type { Inode } from './erofs-read.ts';
import type { LayerFiles } from './layer.ts';
import { LayerReader } from './layer-reader.ts';
import { MergedTree, type TreeNode } from './merged-tree.ts';

/** Names of the top layer that say something about the layers below. */
interface Needs {
  readonly implicit: readonly ByteString[];
  /** By the path of the link: its target. */
  readonly links: ReadonlyMap<ByteString, ByteString>;
  /** Directories that the layer describes itself. */
  readonly own: ReadonlySet<ByteString>;
}

/**
 * For the last of `chain` (base first); nothing for a layer that stands for itself. Contents are read
 * while the generator stands there.
 * @throws ENTRY_REFUSED for a link to what is not there; INDEX_INVALID, STORE_BROKEN
 */
export function* entriesFromBelow(chain: readonly LayerFiles[]): Generator<EntrySource> {
  const top = chain.at(-1);
  if (top === undefined || chain.length === 1) return;
  const needs = needsOf(top);
  if (needs.implicit.length === 0 && needs.links.size === 0) return;
  using below = MergedTree.open(chain.slice(0, -1));
  using whole = MergedTree.open(chain);
  const groups = linkGroups({ below, whole }, needs.links);
  const directories = new Set(needs.implicit);
  for (const { names } of groups) {
    for (const name of names) for (const parent of parentsOf(name)) directories.add(parent);
  }
  for (const path of directories) {
    const isBelow = !needs.own.has(path) && below.lookup(path)?.kind === 'directory';
    const node = isBelow ? (whole.lookup(path) ?? below.lookup(path)) : undefined;
    if (node?.kind === 'directory') yield { entry: whole.entry(node, path) };
  }
  for (const { node, names } of groups) yield* namesOfFile(below, node, names);
}

/** Whether the last of `chain` has to be unpacked for this chain alone. @throws as entriesFromBelow */
export function takesFromBelow(chain: readonly LayerFiles[]): boolean {
  const entries = entriesFromBelow(chain);
  try {
    return entries.next().done !== true;
  } finally {
    entries.return(undefined);
  }
}

/** The entries as a new tar, for `before` of unpack. @throws as entriesFromBelow */
export async function writeFromBelow(chain: readonly LayerFiles[], tar: string): Promise<void> {
  await using file = await open(tar, 'wx', 0o600);
  const writer = new TarWriter((chunk) => file.writeFile(chunk), { nanoseconds: true });
  for (const source of entriesFromBelow(chain)) await writer.add(source);
  await writer.finish();
}

function needsOf(files: LayerFiles): Needs {
  using reader = new LayerReader(files);
  const implicit: ByteString[] = [];
  const links = new Map<ByteString, ByteString>();
  const own = new Set<ByteString>();
  const pending: { readonly directory: Inode; readonly path: string }[] = [
    { directory: reader.image.root, path: '' },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const record of reader.image.list(next.directory)) {
      const inode = reader.inodeOf(record);
      // Parts of byte strings, joined.
      const path = (next.path === '' ? record.name : `${next.path}/${record.name}`) as ByteString;
      const { mark } = reader.marks(inode);
      if (mark?.kind === 'link') links.set(path, mark.target);
      if (inode.kind !== 'directory') continue;
      pending.push({ directory: inode, path });
      if (mark?.kind === 'implicit') implicit.push(path);
      else own.add(path);
    }
  }
  return { implicit, links, own };
}

interface LinkGroup {
  /** In the tree below. */
  readonly node: TreeNode;
  /** The target first, then the other names that are still to be seen. */
  readonly names: readonly ByteString[];
}

function linkGroups(
  { below, whole }: { readonly below: MergedTree; readonly whole: MergedTree },
  links: Needs['links'],
): readonly LinkGroup[] {
  const groups = new Map<string, { readonly node: TreeNode; readonly names: Set<ByteString> }>();
  for (const [path, target] of links) {
    // Looked up through the whole chain first: that refuses a target that is not there.
    whole.lookup(path);
    const node = below.lookup(target);
    if (node === undefined) continue;
    const group = groups.get(node.identity) ?? { node, names: new Set() };
    groups.set(node.identity, group);
    group.names.add(target);
  }
  if (groups.size === 0) return [];
  for (const { path, node } of filesIn(whole)) {
    if (!links.has(path)) groups.get(node.identity)?.names.add(path);
  }
  return [...groups.values()].map(({ node, names }) => ({ node, names: [...names] }));
}

/** Everything but directories. */
function* filesIn(tree: MergedTree): Generator<{ path: ByteString; node: TreeNode }> {
  const pending: { readonly directory: TreeNode; readonly path: string }[] = [
    { directory: tree.root, path: '' },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const node of tree.list(next.directory)) {
      const path = (next.path === '' ? node.name : `${next.path}/${node.name}`) as ByteString;
      if (node.kind === 'directory') pending.push({ directory: node, path });
      else yield { path, node };
    }
  }
}

function* parentsOf(path: ByteString): Generator<ByteString> {
  for (let at = splitPath(path).parent; at !== ''; at = splitPath(at).parent) yield at;
}

function* namesOfFile(
  tree: MergedTree,
  node: TreeNode,
  [first, ...others]: readonly ByteString[],
): Generator<EntrySource> {
  if (first === undefined) return;
  const entry = tree.entry(node, first);
  yield { entry, content: () => tree.read(node) };
  for (const path of others) yield { entry: { ...entry, kind: 'hardlink', path, target: first } };
}
