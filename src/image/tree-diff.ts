/**
 * Two trees side by side, by their indexes. Content is read only where the layers leave it open: not
 * for files of layers that both chains begin with, nor where the sizes differ already.
 */
import type { Entry } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import type { FileChange, FileDifference } from '#core/image-files.ts';
import type { MergedTree, TreeNode } from '#layer/merged-tree.ts';
import { joined, walkTree } from '#layer/tree-entries.ts';
import { absolute } from './files.ts';
import { turns } from './turns.ts';

export interface TreeDiffOptions {
  /** How many layers both chains have in common from the base on. */
  readonly sharedLayers: number;
  /** Other times alone are a difference. */
  readonly times: boolean;
  readonly signal?: AbortSignal;
}

interface Pair {
  readonly before: TreeNode;
  readonly after: TreeNode;
  readonly path: ByteString;
}

interface Comparison extends TreeDiffOptions {
  readonly pair: Pair;
  readonly turn: () => Promise<void>;
}

/** Sorted by path, as bytes. */
export async function treeDiff(
  before: MergedTree,
  after: MergedTree,
  options: TreeDiffOptions,
): Promise<readonly FileChange[]> {
  const changes: FileChange[] = [];
  const turn = turns(options.signal);
  const pending: Pair[] = [{ before: before.root, after: after.root, path: '' as ByteString }];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    await turn();
    const change = await changeOf(before, after, { ...options, pair, turn });
    if (change) changes.push(change);
    const names = bothNames(before.list(pair.before), after.list(pair.after));
    for (const [name, [old, now]] of names) {
      const path = joined(pair.path, name);
      if (old && now) pending.push({ before: old, after: now, path });
      else if (now) addAll(changes, onlyIn(after, { node: now, path }, 'added'));
      else if (old) addAll(changes, onlyIn(before, { node: old, path }, 'deleted'));
    }
    // A folder that became a file, or a file a folder, is one change and many others below it: the
    // lists above are empty on the side that is none.
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Without a spread: there may be more than a call takes. */
function addAll(changes: FileChange[], more: Iterable<FileChange>): void {
  for (const change of more) changes.push(change);
}

function bothNames(
  before: readonly TreeNode[],
  after: readonly TreeNode[],
): ReadonlyMap<ByteString, readonly [TreeNode | undefined, TreeNode | undefined]> {
  const names = new Map<ByteString, readonly [TreeNode | undefined, TreeNode | undefined]>();
  for (const node of before) names.set(node.name, [node, undefined]);
  for (const node of after) names.set(node.name, [names.get(node.name)?.[0], node]);
  return names;
}

function* onlyIn(
  tree: MergedTree,
  start: { readonly node: TreeNode; readonly path: ByteString },
  change: 'added' | 'deleted',
): Generator<FileChange> {
  for (const { node, path } of walkTree(tree, start)) {
    const size = node.kind === 'file' ? node.size : 0;
    yield {
      path: absolute(path),
      change,
      kind: node.kind,
      ...(change === 'added' ? { sizeAfter: size } : { sizeBefore: size }),
      differences: [],
    };
  }
}

async function changeOf(
  before: MergedTree,
  after: MergedTree,
  options: Comparison,
): Promise<FileChange | undefined> {
  const { pair, sharedLayers } = options;
  if (isShared(pair, sharedLayers)) return undefined;
  const a = before.entry(pair.before, pair.path);
  const b = after.entry(pair.after, pair.path);
  const differences: FileDifference[] = [];
  if (a.kind !== b.kind) differences.push('type');
  else if (!(await sameContent(before, after, options))) differences.push('content');
  if (targetOf(a) !== targetOf(b)) differences.push('target');
  if (a.kind === b.kind && deviceOf(a) !== deviceOf(b)) differences.push('device');
  if (a.mode !== b.mode) differences.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) differences.push('owner');
  if (xattrsOf(a) !== xattrsOf(b)) differences.push('xattrs');
  if (options.times && a.mtime.seconds !== b.mtime.seconds) differences.push('time');
  if (differences.length === 0) return undefined;
  return {
    path: absolute(pair.path),
    change: 'changed',
    kind: b.kind === 'hardlink' ? 'file' : b.kind,
    sizeBefore: a.kind === 'file' ? a.size : 0,
    sizeAfter: b.kind === 'file' ? b.size : 0,
    differences,
  };
}

/** The same inode of a layer that both chains have at the same place. */
function isShared({ before, after }: Pair, sharedLayers: number): boolean {
  const { layer } = before;
  if (layer === undefined || layer !== after.layer || layer >= sharedLayers) return false;
  return before.kind !== 'directory' && before.identity === after.identity;
}

const CHUNK_BYTES = 1024 * 1024;

async function sameContent(
  before: MergedTree,
  after: MergedTree,
  { pair, turn }: Comparison,
): Promise<boolean> {
  if (pair.before.kind !== 'file') return true;
  const { size } = pair.before;
  if (size !== pair.after.size) return false;
  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const range = { offset, length: CHUNK_BYTES };
    const a = joinedPieces(before.read(pair.before, range));
    if (!a.equals(joinedPieces(after.read(pair.after, range)))) return false;
    await turn();
  }
  return true;
}

/** Most files are one piece, which need not be copied. */
function joinedPieces(pieces: Iterable<Uint8Array>): Buffer {
  const [first, ...others] = pieces;
  if (first === undefined) return Buffer.alloc(0);
  if (others.length > 0) return Buffer.concat([first, ...others]);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

function targetOf(entry: Entry): string {
  return entry.kind === 'symlink' ? entry.target : '';
}

function deviceOf(entry: Entry): string {
  return entry.kind === 'char' || entry.kind === 'block' ? `${entry.major}:${entry.minor}` : '';
}

function xattrsOf({ xattrs }: Entry): string {
  const all = [...xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')]);
  return JSON.stringify(all.sort());
}
