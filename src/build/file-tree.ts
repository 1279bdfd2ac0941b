/**
 * What COPY reads from and writes over: a folder of the context, an image, an earlier stage. Both
 * kinds answer the same few questions without a mount, and symbolic links never lead outside.
 * Paths are byte strings without leading slash; the root is the empty path.
 */
import type { Entry } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ContentPlace } from '#layer/pack-list.ts';
import type { ScanResult } from '#layer/scan.ts';

export interface FileNode {
  readonly kind: Exclude<Entry['kind'], 'hardlink'>;
  /** Equal for two names of one file; absent where links are not known. */
  readonly identity?: string;
}

export interface FileTree {
  /** For messages: `build context`, `stage build`. */
  readonly name: string;
  readonly root: FileNode;
  child(directory: FileNode, name: ByteString): FileNode | undefined;
  /** Names in a directory, sorted by bytes. */
  names(directory: FileNode): readonly ByteString[];
  /** Metadata, as if the node stood at `path`. */
  entry(node: FileNode, path: ByteString): Entry;
  /** The bytes of a file. */
  content(node: FileNode): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Why a path that exists elsewhere is not here (left out by .dockerignore), with the fix. */
  hintFor?(path: ByteString): string | undefined;
  /** These, and all below them, are about to be read: some trees can do that faster at once. */
  prepare?(nodes: readonly FileNode[]): Promise<void>;
  /** sha256 hex of a file's bytes; at once where it is known. */
  contentSha256(node: FileNode): string | Promise<string>;
  /** What is known of all below a directory, without looking at it; absent where nothing is. */
  scanned?(directory: FileNode): ScannedFolder | undefined;
  /** Where a file's bytes are, for the helper to take them from; undefined when only `content` has them. */
  place?(node: FileNode): ContentPlace | undefined;
}

/** A folder of the context as one scan found it. */
export interface ScannedFolder {
  readonly found: Pick<
    ScanResult,
    'digest' | 'digestWithoutModes' | 'newest' | 'glances' | 'records'
  >;
  /** The context, and the folder below it. */
  readonly root: Buffer;
  readonly path: ByteString;
}

export interface Located {
  readonly node: FileNode;
  /** Where it really is, all links followed. */
  readonly path: ByteString;
}

/** Linux follows at most 40 links in a path; so do we. */
const LINKS_MAX = 40;

/** Joins with one slash; an empty side adds nothing. */
export function joinPath(parent: ByteString, name: ByteString): ByteString {
  if (parent === '') return name;
  return (name === '' ? parent : `${parent}/${name}`) as ByteString;
}

/** The parts of a path after `.` and `..` are resolved by text; `..` stops at the root. */
export function cleanParts(path: string): ByteString[] {
  const parts: ByteString[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part as ByteString);
  }
  return parts;
}

/**
 * Finds what a path names. Links in the middle are followed, the last one only with `followLast`;
 * absolute targets and `..` stay inside the tree. Undefined when nothing is there.
 * @throws LINK_LOOP
 */
export function locate(
  tree: FileTree,
  path: ByteString,
  options: { readonly followLast: boolean },
): Located | undefined {
  const walk = walkPath(tree, path, options.followLast);
  return walk.missing.length === 0 ? walk.found : undefined;
}

/**
 * Finds where a write to `path` would land: the deepest existing place, links followed, and the
 * names still missing below it. @throws LINK_LOOP, PATH_NOT_DIRECTORY
 */
export function locateForWrite(
  tree: FileTree,
  path: ByteString,
): { readonly found: Located; readonly missing: readonly ByteString[] } {
  const walk = walkPath(tree, path, true);
  if (walk.missing.length > 0 && walk.found.node.kind !== 'directory') {
    throw new SlipwayError(
      'PATH_NOT_DIRECTORY',
      `cannot copy to non-directory: /${walk.found.path}`,
      {
        hint: 'the destination goes through a file; choose another path or remove the file first',
      },
    );
  }
  return walk;
}

function walkPath(
  tree: FileTree,
  path: ByteString,
  followLast: boolean,
): { found: Located; missing: ByteString[] } {
  const pending = splitRaw(path);
  const trail: Located[] = [{ node: tree.root, path: '' as ByteString }];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    const here = trail.at(-1) ?? { node: tree.root, path: '' as ByteString };
    if (part === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const node = here.node.kind === 'directory' ? tree.child(here.node, part) : undefined;
    if (!node) return { found: here, missing: cleanParts([part, ...pending].join('/')) };
    const at = joinPath(here.path, part);
    if (node.kind !== 'symlink' || (pending.length === 0 && !followLast)) {
      trail.push({ node, path: at });
      continue;
    }
    links += 1;
    if (links > LINKS_MAX)
      throw new SlipwayError('LINK_LOOP', `too many links: /${path}`, {
        hint: 'a symbolic link leads back to itself',
      });
    const target = targetOf(tree, node, at);
    if (target.startsWith('/')) trail.length = 1;
    pending.unshift(...splitRaw(target));
  }
  return { found: trail.at(-1) ?? { node: tree.root, path: '' as ByteString }, missing: [] };
}

/** Parts with `..` kept: what it means depends on links before it. */
function splitRaw(path: string): ByteString[] {
  return path.split('/').filter((part) => part !== '' && part !== '.') as ByteString[];
}

function targetOf(tree: FileTree, node: FileNode, path: ByteString): ByteString {
  const entry = tree.entry(node, path);
  return entry.kind === 'symlink' ? entry.target : ('' as ByteString);
}
