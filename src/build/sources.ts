/**
 * The sources of COPY and ADD: which nodes the written paths and patterns name, and one digest over
 * all that would be taken.
 */
import { type ByteString, displayBytes, toByteString } from '#core/bytes.ts';
import { createHasher } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { suggestName } from '#dockerfile/suggest.ts';
import type { CopyItem } from './copy-plan.ts';
import { cleanParts, type FileNode, type FileTree, joinPath, locate } from './file-tree.ts';
import { isPattern, matchPaths } from './glob.ts';

export interface Sources {
  /** Where they are looked up. */
  readonly from: FileTree;
  /** Expanded paths and patterns. */
  readonly sources: readonly string[];
}

export type NodeItem = Extract<CopyItem, { kind: 'node' }>;

/** The nodes the sources name, in order; a final link is followed, its own name kept. */
export function nodesOf({ from, sources }: Sources): NodeItem[] {
  return sources.flatMap((source, index) => {
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
  });
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

/**
 * A digest over what COPY would take: relative paths, kinds, modes, link targets and file contents.
 * `owners` adds uid and gid (sources that are images keep theirs). Times do not count.
 */
export async function sourcesDigest(
  op: Sources,
  options: { readonly owners: boolean },
): Promise<string> {
  const hasher = createHasher();
  for (const { tree, at, name } of nodesOf(op)) {
    // A folder gives its contents only, so its own name does not count.
    await hashTree(tree, at.node, {
      path: at.node.kind === 'directory' ? ('' as ByteString) : name,
      owners: options.owners,
      hasher,
    });
    hasher.update('\0end\0');
  }
  return hasher.digest();
}

async function hashTree(
  tree: FileTree,
  node: FileNode,
  context: {
    readonly path: ByteString;
    readonly owners: boolean;
    readonly hasher: ReturnType<typeof createHasher>;
  },
): Promise<void> {
  const { path, owners, hasher } = context;
  const entry = tree.entry(node, path);
  const content = entry.kind === 'file' ? await tree.contentSha256(node) : '';
  const target = entry.kind === 'symlink' ? entry.target : '';
  const device =
    entry.kind === 'char' || entry.kind === 'block' ? `${entry.major}:${entry.minor}` : '';
  const owner = owners ? `${entry.uid}:${entry.gid}` : '';
  const isRoot = path === '';
  hasher.update(
    `${JSON.stringify([path, entry.kind, isRoot ? 0 : entry.mode, isRoot ? '' : owner, content, target, device])}\n`,
  );
  if (node.kind !== 'directory') return;
  for (const name of tree.names(node)) {
    const child = tree.child(node, name);
    if (child) await hashTree(tree, child, { ...context, path: joinPath(path, name) });
  }
}
