/** A FileTree from a plain object, for tests of COPY's planning. */
import { createHash } from 'node:crypto';
import { type Entry, NO_XATTRS } from '#archive/entry.ts';
import type { FileNode, FileTree } from '#build/file-tree.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';

/** `'text'` a file, `{…}` a folder, link('…') a symbolic link. */
export type TreeSpec = { readonly [name: string]: string | TreeSpec | Link };

export interface Link {
  readonly linkTo: string;
}

export function link(target: string): Link {
  return { linkTo: target } as const;
}

interface MemoryNode extends FileNode {
  readonly spec: string | TreeSpec | Link;
}

const TIME = { seconds: 1_700_000_000, nanoseconds: 0 };

export function memoryTree(
  spec: TreeSpec,
  options: { readonly name?: string; readonly uid?: number } = {},
): FileTree {
  const uid = options.uid ?? 0;
  const nodeOf = (value: MemoryNode['spec']): MemoryNode => ({ kind: kindOf(value), spec: value });
  const children = (node: FileNode): TreeSpec => (node as MemoryNode).spec as TreeSpec;
  return {
    name: options.name ?? 'build context',
    root: nodeOf(spec),
    child(directory, name) {
      const value = children(directory)[Buffer.from(name, 'latin1').toString()];
      return value === undefined ? undefined : nodeOf(value);
    },
    names: (directory) => Object.keys(children(directory)).map(toByteString).sort(),
    entry: (node, path) => entryOf((node as MemoryNode).spec, path, uid),
    content: (node) => [Buffer.from((node as MemoryNode).spec as string)],
    contentSha256: async (node) =>
      createHash('sha256')
        .update((node as MemoryNode).spec as string)
        .digest('hex'),
  };
}

function kindOf(value: MemoryNode['spec']): FileNode['kind'] {
  if (typeof value === 'string') return 'file';
  return isLink(value) ? 'symlink' : 'directory';
}

function isLink(value: TreeSpec | Link): value is Link {
  return typeof value.linkTo === 'string';
}

function entryOf(value: MemoryNode['spec'], path: ByteString, uid: number): Entry {
  const shared = { path, uid, gid: uid, mtime: TIME, xattrs: NO_XATTRS };
  if (typeof value === 'string')
    return { ...shared, kind: 'file', mode: 0o644, size: Buffer.byteLength(value) };
  if (isLink(value))
    return { ...shared, kind: 'symlink', mode: 0o777, target: toByteString(value.linkTo) };
  return { ...shared, kind: 'directory', mode: 0o700 };
}
