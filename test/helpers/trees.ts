/**
 * Trees as plain data, to compare what different readers of the same layers see: the merged tree,
 * an EROFS image, and the slow oracle that applies entries to a Map in the obvious way.
 */
import { Buffer } from 'node:buffer';
import type { Entry, EntrySource } from '#archive/entry.ts';
import { splitPath } from '#archive/entry-path.ts';
import { parseWhiteout } from '#archive/whiteout.ts';
import type { ByteString } from '#core/bytes.ts';
import { ErofsImage, type Inode } from '#layer/erofs-read.ts';
import type { MergedTree, TreeNode } from '#layer/merged-tree.ts';
import { collect } from './entries.ts';

/** Path → everything visible of a file; hard links name the first path of their file. */
export type FlatTree = ReadonlyMap<string, FlatNode>;

export interface FlatNode {
  readonly kind: string;
  readonly mode: number;
  readonly owner: string;
  readonly mtime: string;
  readonly xattrs: readonly string[];
  /** Content, link target or device number. */
  readonly value: string;
  /** The first path, in byte order, of the same file. */
  readonly first: string;
}

interface Facts {
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
  readonly value: string;
  readonly identity: unknown;
}

/** Sorted, so that two equal trees are deeply equal. */
export function flatten(facts: ReadonlyMap<string, Facts>): FlatTree {
  const first = new Map<unknown, string>();
  const flat = new Map<string, FlatNode>();
  for (const path of [...facts.keys()].sort()) {
    const one = facts.get(path);
    if (one === undefined) continue;
    if (!first.has(one.identity)) first.set(one.identity, path);
    flat.set(path, {
      kind: one.kind,
      mode: one.mode,
      owner: `${one.uid}:${one.gid}`,
      mtime: `${one.mtime.seconds}.${String(one.mtime.nanoseconds).padStart(9, '0')}`,
      xattrs: [...one.xattrs]
        .map(([key, value]) => `${key}=${Buffer.from(value).toString('hex')}`)
        .sort(),
      value: one.value,
      first: one.kind === 'directory' ? path : (first.get(one.identity) ?? path),
    });
  }
  return flat;
}

function textOf(entry: Entry): string {
  if (entry.kind === 'symlink') return entry.target;
  return entry.kind === 'char' || entry.kind === 'block' ? `${entry.major}:${entry.minor}` : '';
}

/** What a merged tree shows, by listing; every node is also looked up by its path. */
export async function flattenTree(tree: MergedTree): Promise<FlatTree> {
  const facts = new Map<string, Facts>();
  const visit = async (node: TreeNode, path: ByteString): Promise<void> => {
    const entry = tree.entry(node, path);
    const found = tree.lookup(path);
    if (found === undefined || found.identity !== node.identity || found.kind !== node.kind) {
      throw new Error(`listed but not found: ${path}`);
    }
    const value =
      entry.kind === 'file' ? (await collect(tree.read(node))).toString('latin1') : textOf(entry);
    facts.set(path, { ...entry, value, identity: node.identity });
    for (const child of tree.list(node)) {
      await visit(child, (path === '' ? child.name : `${path}/${child.name}`) as ByteString);
    }
  };
  await visit(tree.root, '' as ByteString);
  return flatten(facts);
}

/** What an image shows; `tars` are its devices in order. */
export function flattenImage(bytes: Uint8Array, tars: readonly Uint8Array[]): FlatTree {
  const image = new ErofsImage(bytes);
  const facts = new Map<string, Facts>();
  const visit = (inode: Inode, path: string): void => {
    facts.set(path, {
      ...inode,
      mtime: inode,
      xattrs: image.xattrs(inode),
      value: imageValue(image, inode, tars),
      identity: inode.nid,
    });
    if (inode.kind !== 'directory') return;
    for (const { name, nid } of image.list(inode)) {
      visit(image.inode(nid), path === '' ? name : `${path}/${name}`);
    }
  };
  visit(image.root, '');
  return flatten(facts);
}

function imageValue(image: ErofsImage, inode: Inode, tars: readonly Uint8Array[]): string {
  if (inode.kind === 'symlink') return image.target(inode);
  if (inode.kind === 'char' || inode.kind === 'block') {
    const { major, minor } = image.device(inode);
    return `${major}:${minor}`;
  }
  const data = image.data(inode);
  if (data === undefined) return '';
  const chunkBytes = 512 * 2 ** data.chunkBits;
  const whole = Buffer.alloc(inode.size);
  data.chunks.forEach((chunk, i) => {
    if (chunk === 'hole') return;
    if (chunk instanceof Uint8Array) whole.set(chunk, i * chunkBytes);
    else {
      const end = Math.min(chunkBytes, inode.size - i * chunkBytes);
      const tar = tars[chunk.device - 1];
      whole.set(tar?.subarray(chunk.block * 512, chunk.block * 512 + end) ?? [], i * chunkBytes);
    }
  });
  return whole.toString('latin1');
}

interface OracleNode {
  facts: Facts;
  /** The layer that put it there. */
  layer: number;
}

/** Thrown for layers that have no meaning: a hard link to nothing. */
export class OracleRefusal extends Error {
  readonly entry: Entry;
  constructor(entry: Entry) {
    super(`a hard link to nothing: ${entry.path}`);
    this.entry = entry;
  }
}

/** Applies layers one after the other to a Map, by the rules of erofs-layout §9, slowly. */
export async function applyLayers(layers: readonly (readonly EntrySource[])[]): Promise<FlatTree> {
  const tree = new Map<string, OracleNode>([['', { facts: plainDirectory(), layer: -1 }]]);
  for (const [index, layer] of layers.entries()) await applyLayer(tree, layer, index);
  return flatten(new Map([...tree].map(([path, { facts }]) => [path, facts])));
}

async function applyLayer(
  tree: Map<string, OracleNode>,
  layer: readonly EntrySource[],
  index: number,
): Promise<void> {
  const whiteoutParents: string[] = [];
  for (const { entry } of layer) {
    const { parent, name } = splitPath(entry.path);
    const whiteout = parseWhiteout(name);
    if (whiteout === undefined || whiteout.kind === 'ignored') continue;
    whiteoutParents.push(parent);
    const gone = whiteout.kind === 'name' ? joined(parent, whiteout.name) : undefined;
    removeBelow(tree, gone ?? parent);
    if (gone !== undefined) tree.delete(gone);
  }
  for (const source of layer) {
    const { entry } = source;
    if (parseWhiteout(splitPath(entry.path).name) !== undefined) continue;
    await applyEntry(tree, source, index);
  }
  for (const parent of whiteoutParents) {
    const prefixes = prefixesOf(parent);
    const isBlocked = prefixes.some((prefix) => {
      const node = tree.get(prefix);
      return node !== undefined && node.facts.kind !== 'directory' && node.layer === index;
    });
    if (!isBlocked) makeParents(tree, prefixes, index);
  }
}

async function applyEntry(
  tree: Map<string, OracleNode>,
  { entry, content }: EntrySource,
  layer: number,
): Promise<void> {
  let facts: Facts = { ...entry, value: textOf(entry), identity: Symbol() };
  if (entry.kind === 'file') {
    facts = { ...facts, value: (await collect(content?.() ?? [])).toString('latin1') };
  }
  if (entry.kind === 'hardlink') {
    const target = tree.get(entry.target)?.facts;
    if (target === undefined || target.kind === 'directory') throw new OracleRefusal(entry);
    facts = target;
  }
  makeParents(tree, prefixesOf(splitPath(entry.path).parent), layer);
  const present = tree.get(entry.path);
  if (present?.facts.kind === 'directory' && entry.kind !== 'directory') {
    removeBelow(tree, entry.path);
  }
  tree.set(entry.path, { facts, layer });
}

function makeParents(
  tree: Map<string, OracleNode>,
  prefixes: readonly string[],
  layer: number,
): void {
  for (const prefix of prefixes) {
    if (tree.get(prefix)?.facts.kind !== 'directory') {
      tree.set(prefix, { facts: plainDirectory(), layer });
    }
  }
}

function plainDirectory(): Facts {
  const mtime = { seconds: 0, nanoseconds: 0 };
  const identity = Symbol();
  return {
    kind: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime,
    xattrs: new Map(),
    value: '',
    identity,
  };
}

function removeBelow(tree: Map<string, OracleNode>, path: string): void {
  const prefix = path === '' ? '' : `${path}/`;
  for (const key of [...tree.keys()]) {
    if (key !== path && key.startsWith(prefix)) tree.delete(key);
  }
}

/** `a/b/c` → a, a/b, a/b/c. */
function prefixesOf(path: string): string[] {
  const parts = path === '' ? [] : path.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

function joined(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}
