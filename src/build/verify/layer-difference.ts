/**
 * The first thing in which two trees differ, told so that somebody can act on it: which file, what about
 * it, and a few bytes of both. What files hold goes before what is said about them, times come last.
 */
import type { ByteString } from '#core/bytes.ts';
import type { FileChange, FileDifference } from '#core/image-files.ts';
import { treeDiff } from '#image/tree-diff.ts';
import type { MergedTree, TreeNode } from '#layer/merged-tree.ts';

export interface TreeDifference {
  /** The one to look at, the others sorted by path. */
  readonly first: FileChange;
  readonly others: readonly FileChange[];
  /** Where the content of the first differs. */
  readonly content?: ContentDifference;
  /** What is said of it where it is not the content. */
  readonly said?: readonly [string, string];
}

export interface ContentDifference {
  /** Of the first byte that differs. */
  readonly offset: number;
  /** A few bytes around it, of both. */
  readonly excerpts: readonly [Buffer, Buffer];
  /** How both files begin. */
  readonly heads: readonly [Buffer, Buffer];
}

const CHUNK_BYTES = 1024 * 1024;
const BEFORE_BYTES = 24;
const AFTER_BYTES = 40;
const HEAD_BYTES = 16;

/** Undefined: no file differs, nor anything that is kept of one. */
export async function treeDifference(
  before: MergedTree,
  after: MergedTree,
  options: { readonly sharedLayers: number; readonly signal: AbortSignal },
): Promise<TreeDifference | undefined> {
  const changes = await treeDiff(before, after, { ...options, times: true });
  const [first] = changes.toSorted((a, b) => rankOf(a) - rankOf(b));
  if (!first) return undefined;
  const others = changes.filter((change) => change !== first);
  const nodes = [nodeAt(before, first.path), nodeAt(after, first.path)] as const;
  const [a, b] = nodes;
  if (!a || !b) return { first, others };
  if (!first.differences.includes('content')) {
    const [what] = first.differences;
    return {
      first,
      others,
      ...(what === undefined
        ? {}
        : { said: [saidOf(before, a, what), saidOf(after, b, what)] as const }),
    };
  }
  return { first, others, content: contentDifference([before, a], [after, b]) };
}

const ORDER: readonly FileDifference[] = [
  'content',
  'target',
  'type',
  'device',
  'mode',
  'owner',
  'xattrs',
  'time',
];

/** Files that are in one only come after those whose content differs. */
function rankOf({ change, differences }: FileChange): number {
  if (change !== 'changed') return 0.5;
  return Math.min(...differences.map((one) => ORDER.indexOf(one)));
}

function nodeAt(tree: MergedTree, path: ByteString): TreeNode | undefined {
  return tree.lookup(path.replace(/^\/+/, '') as ByteString);
}

function saidOf(tree: MergedTree, node: TreeNode, what: FileDifference): string {
  const entry = tree.entry(node, '' as ByteString);
  switch (what) {
    case 'mode':
      return node.mode.toString(8).padStart(4, '0');
    case 'owner':
      return `${node.uid}:${node.gid}`;
    case 'time':
      return new Date(node.mtime.seconds * 1000).toISOString().replace('.000Z', 'Z');
    case 'type':
      return node.kind;
    case 'target':
      return entry.kind === 'symlink' ? entry.target : '';
    case 'device':
      return entry.kind === 'char' || entry.kind === 'block' ? `${entry.major}:${entry.minor}` : '';
    case 'xattrs':
      return [...entry.xattrs.keys()].sort().join(' ') || 'none';
    case 'content':
      return '';
  }
}

type Side = readonly [tree: MergedTree, node: TreeNode];

function contentDifference(a: Side, b: Side): ContentDifference {
  const offset = firstDifference(a, b);
  const from = Math.max(0, offset - BEFORE_BYTES);
  const excerpt = { offset: from, length: offset - from + AFTER_BYTES };
  const head = { offset: 0, length: HEAD_BYTES };
  return {
    offset,
    excerpts: [read(a, excerpt), read(b, excerpt)],
    heads: [read(a, head), read(b, head)],
  };
}

/** Where the shorter one ends, if it is the beginning of the other. */
function firstDifference(a: Side, b: Side): number {
  const end = Math.min(a[1].size, b[1].size);
  for (let offset = 0; offset < end; offset += CHUNK_BYTES) {
    const range = { offset, length: Math.min(CHUNK_BYTES, end - offset) };
    const [left, right] = [read(a, range), read(b, range)];
    if (left.equals(right)) continue;
    return offset + left.findIndex((byte, i) => byte !== right[i]);
  }
  return end;
}

function read([tree, node]: Side, range: { readonly offset: number; readonly length: number }) {
  return Buffer.concat([...tree.read(node, range)]);
}
