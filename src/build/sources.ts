/**
 * The sources of COPY and ADD: which nodes the written paths and patterns name, and one digest over
 * all that would be taken.
 */
import type { Entry } from '#archive/entry.ts';
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { createHasher } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { compilePatterns, type IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { suggestName } from '#dockerfile/suggest.ts';
import { type Glance, glanceOf } from '#layer/scan.ts';
import { TreeDigest } from '#layer/tree-digest.ts';
import type { CopyItem, Owner } from './copy-plan.ts';
import type { FileFacts } from './file-facts.ts';
import {
  cleanParts,
  type FileNode,
  type FileTree,
  joinPath,
  type Located,
  locate,
} from './file-tree.ts';
import { isPattern, matchPaths } from './glob.ts';
import { isSelected, type Selection, selectedTree } from './selected-tree.ts';

export interface Sources {
  /** Where they are looked up. */
  readonly from: FileTree;
  /** Expanded paths and patterns. */
  readonly sources: readonly string[];
  /** Which source of its instruction the first of these is; default 0. */
  readonly first?: number;
  /** `--exclude`: patterns of .dockerignore, for paths below each source. */
  readonly exclude?: readonly string[];
  /** `--parents`: sources keep the folders they stand in, from `/./` on where they have it. */
  readonly parents?: boolean;
}

export type NodeItem = Extract<CopyItem, { kind: 'node' }>;

/**
 * The nodes the sources name, in order; a final link is followed, its own name kept.
 * @throws SOURCE_MISSING, IGNORE_INVALID (a pattern of --exclude)
 */
export function nodesOf(given: Sources): NodeItem[] {
  const { from, sources, first = 0, exclude = [], parents = false } = given;
  const excluded = exclude.length === 0 ? {} : { exclude: compilePatterns(exclude) };
  return sources.flatMap((source, at) => {
    const index = first + at;
    return parents
      ? parentsOf(from, { source, index, ...excluded })
      : namedBy(from, source, index).flatMap((item) => selected(item, excluded));
  });
}

function namedBy(from: FileTree, source: string, index: number): NodeItem[] {
  const path = toByteString(source);
  const matched = isPattern(path) ? matchPaths(from, path) : [literal(from, path, index)];
  return matched.map((link): NodeItem => {
    const at = locate(from, link.path, { followLast: true });
    if (!at) throw missing(from, link.path, index);
    return {
      kind: 'node',
      tree: from,
      at,
      name: (link.path.split('/').at(-1) ?? '') as ByteString,
    };
  });
}

/** The item without what is left out of it: nothing, where that is the item itself. */
function selected(item: NodeItem, selection: Selection): NodeItem[] {
  if (selection.include === undefined && selection.exclude === undefined) return [item];
  const { tree, at, name } = item;
  if (at.node.kind !== 'directory') return isSelected(selection, name) ? [item] : [];
  const below = selectedTree(tree, at.node, selection);
  return [{ ...item, tree: below, at: { node: below.root, path: '' as ByteString } }];
}

/** What a source of `--parents` matches, below the folder before `/./`, which is the root without. */
function parentsOf(
  from: FileTree,
  given: { readonly source: string; readonly index: number; readonly exclude?: IgnoreMatcher },
): NodeItem[] {
  const { source, index, exclude } = given;
  const pivot = source.indexOf('/./');
  const folder = pivot < 0 ? '/' : source.slice(0, pivot);
  const pattern = cleanParts(pivot < 0 ? source : source.slice(pivot + 3)).join('/');
  if (!isPattern(folder) && !isPattern(pattern)) {
    literal(from, toByteString(`${folder}/${pattern}`), index);
  }
  const selection = {
    ...(pattern === '' ? {} : { include: compilePatterns([pattern]) }),
    ...(exclude && { exclude }),
  };
  return namedBy(from, folder, index).flatMap((item) => selected(item, selection));
}

function literal(tree: FileTree, source: ByteString, index: number): { readonly path: ByteString } {
  const path = cleanParts(source).join('/') as ByteString;
  if (!locate(tree, path, { followLast: true })) throw missing(tree, path, index);
  return { path };
}

/** `index`: which of the sources. */
function missing(tree: FileTree, path: ByteString, index: number): SlipwayError {
  return new SlipwayError(
    'SOURCE_MISSING',
    `failed to compute cache key: "/${displayBytes(path)}": not found`,
    {
      hint: tree.hintFor?.(path) ?? nearestHint(tree, path),
      detail: { path: displayBytes(path), tree: tree.name, index },
    },
  );
}

/** A name beside it that was probably meant, else where we looked. */
function nearestHint(tree: FileTree, path: ByteString): string {
  const parts = path.split('/');
  const name = displayBytes((parts.pop() ?? '') as ByteString);
  const parent = locate(tree, parts.join('/') as ByteString, { followLast: true });
  const names = parent?.node.kind === 'directory' ? tree.names(parent.node) : [];
  const near = suggestName(name, names.map(displayBytes));
  if (near === undefined) return `check the path: it is looked up in the ${tree.name}`;
  return `did you mean ${[...parts.map((part) => displayBytes(part as ByteString)), near].join('/')}?`;
}

export interface DigestOptions {
  /** Uid and gid count: sources that are images keep theirs. */
  readonly owners: boolean;
  /** Gets a line for each path as it is in the tree: kind, mode, owner, content. */
  readonly facts?: FileFacts;
  /** Permission bits count; they do not where `--chmod` sets them all. Default true. */
  readonly modes?: boolean;
}

/**
 * A digest over what COPY would take: relative paths, kinds, modes, link targets, attributes and
 * file contents. Times do not count.
 */
export async function sourcesDigest(op: Sources, options: DigestOptions): Promise<string> {
  const hasher = createHasher();
  const items = nodesOf(op);
  for (const tree of new Set(items.map((item) => item.tree))) {
    await tree.prepare?.(items.filter((item) => item.tree === tree).map(({ at }) => at.node));
  }
  for (const { tree, at, name } of items) {
    // A folder gives its contents only, so its own name does not count.
    const path = at.node.kind === 'directory' ? ('' as ByteString) : name;
    hasher.update(`${at.node.kind} ${await treeDigest(tree, at, { ...options, path })}\n`);
  }
  return hasher.digest();
}

interface TreeContext extends DigestOptions {
  /** What the node's own path counts as. */
  readonly path: ByteString;
}

/** Of a scanned folder it is known without a look at each file. */
async function treeDigest(tree: FileTree, at: Located, context: TreeContext): Promise<string> {
  const { owners, modes = true, facts } = context;
  const known = owners ? undefined : tree.scanned?.(at.node)?.found;
  if (!known) return await hashTree(tree, at, context);
  facts?.later(function* () {
    for (const glance of known.glances()) yield factOf(glance, { at, context });
  });
  return modes ? known.digest : known.digestWithoutModes;
}

async function hashTree(tree: FileTree, at: Located, context: TreeContext): Promise<string> {
  const { path, owners, modes = true, facts } = context;
  const digest = new TreeDigest({ modes, owners });
  for (const { node, entry } of walkTree(tree, at.node, path)) {
    const found = entry.kind === 'file' ? tree.contentSha256(node) : '';
    // A turn of the event loop for each of 20,000 files would cost more than all else here.
    const sha256 = typeof found === 'string' ? found : await found;
    digest.add(entry, sha256);
    if (facts) facts.add(...factOf(glanceOf(entry, sha256), { at, context, owner: entry }));
  }
  return digest.digest();
}

/** What the node gives: a folder what it holds, a directory before what that holds. */
export function* walkTree(
  tree: FileTree,
  node: FileNode,
  path: ByteString,
): Generator<{ readonly node: FileNode; readonly entry: Entry }, void, undefined> {
  if (node.kind !== 'directory' || path !== '') yield { node, entry: tree.entry(node, path) };
  if (node.kind !== 'directory') return;
  for (const name of tree.names(node)) {
    const child = tree.child(node, name);
    if (!child) continue;
    const at = joinPath(path, name);
    if (child.kind === 'directory') yield* walkTree(tree, child, at);
    else yield { node: child, entry: tree.entry(child, at) };
  }
}

function factOf(
  { path, kind, mode, counts, xattrs }: Glance,
  given: { readonly at: Located; readonly context: TreeContext; readonly owner?: Owner },
): [path: string, fact: string] {
  const { at, context, owner } = given;
  const { owners, modes = true } = context;
  // Of a folder's content the paths are relative to it.
  const real = context.path === '' ? joinPath(at.path, path) : at.path;
  const counted = modes || kind === 'symlink' ? mode : 0;
  const who = owners && owner ? `${owner.uid}:${owner.gid}` : '-';
  const fact = `${kind} ${counted.toString(8)} ${who} ${counts || '-'}`;
  return [displayBytes(real), xattrs.size === 0 ? fact : [fact, ...attributes(xattrs)].join(' ')];
}

function attributes(xattrs: Entry['xattrs']): readonly string[] {
  return [...xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).sort();
}
