/** Part of a tree as files on disk, to be bound into a container: what that changes is thrown away. */
import { join } from 'node:path';
import type { TarEntry } from '#archive/tar-read.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { UnpackTarget } from '#layer/unpack-target.ts';
import { type FileNode, type FileTree, joinPath, locate } from '../file-tree.ts';

export interface MaterializeOptions {
  readonly tree: FileTree;
  /** Where in it; links are followed. */
  readonly source: string;
  /** An empty folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface Materialized {
  /** The folder itself, or the file in it. */
  readonly path: string;
  readonly isFolder: boolean;
}

const FILE_NAME = 'file';

/** @throws SOURCE_MISSING, LINK_LOOP, DISK_FULL */
export async function materialize(options: MaterializeOptions): Promise<Materialized> {
  const { tree, source, folder, signal } = options;
  const found = locate(tree, toByteString(source), { followLast: true });
  if (!found) {
    throw new SlipwayError(
      'SOURCE_MISSING',
      `failed to compute cache key: "/${source.replace(/^\/+/, '')}": not found`,
      { hint: `check the source of the mount: it is looked up in the ${tree.name}` },
    );
  }
  const isFolder = found.node.kind === 'directory';
  const target = new UnpackTarget({ folder, userXattr: false, hasMarks: false });
  const start = isFolder ? '' : FILE_NAME;
  for (const entry of entriesOf(tree, found.node, toByteString(start))) {
    signal.throwIfAborted();
    await target.add(entry);
  }
  target.finish();
  return { path: isFolder ? folder : join(folder, FILE_NAME), isFolder };
}

function* entriesOf(tree: FileTree, node: FileNode, path: ByteString): Generator<TarEntry> {
  const entry = tree.entry(node, path);
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield* tree.content(node);
  };
  const storedSize = entry.kind === 'file' ? entry.size : 0;
  yield { entry, dataOffset: 0, storedSize, content, stored: content };
  if (node.kind !== 'directory') return;
  for (const name of tree.names(node)) {
    const child = tree.child(node, name);
    if (child) yield* entriesOf(tree, child, joinPath(path, name));
  }
}
