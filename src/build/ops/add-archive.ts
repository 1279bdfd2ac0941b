/** ADD's unpacking: an archive among the sources becomes a tree to copy from. Found by content, never by name. */
import { createReadStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { decompress } from '#archive/compression.ts';
import type { Entry } from '#archive/entry.ts';
import { checkExpansion } from '#archive/expansion.ts';
import { readTar } from '#archive/tar-read.ts';
import type { ByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { indexTar } from '#layer/index-tar.ts';
import type { FileNode, FileTree } from '../file-tree.ts';
import type { BuildSession } from '../session.ts';
import type { NodeItem } from '../sources.ts';
import { StageTree } from '../stage-tree.ts';

/**
 * The archive's tree, or undefined when the file is no (compressed) tar. The plain tar is spooled
 * beside the store's ingests; `stack` owns it and the tree.
 * @throws ARCHIVE_INVALID damaged behind its first entry; ENTRY_REFUSED, EXPANSION_REFUSED
 */
export async function archiveTree(
  session: BuildSession,
  { tree, at }: NodeItem,
  stack: AsyncDisposableStack,
): Promise<FileTree | undefined> {
  return await archiveOf(session, () => tree.content(at.node), stack);
}

/** The same of any bytes that can be read twice. */
export async function archiveOf(
  session: BuildSession,
  content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  stack: AsyncDisposableStack,
): Promise<FileTree | undefined> {
  if (!(await isArchive(content()))) return undefined;
  const { paths } = session.store;
  const tar = paths.temporary('ingest');
  const index = paths.temporary('ingest');
  stack.defer(async () => {
    await rm(tar, { force: true });
    await rm(index, { force: true });
  });
  await writeFile(tar, decompress(Readable.from(content()), { signal: session.signal }));
  const indexed = await indexTar(createReadStream(tar));
  // A copy fills the holes of sparse files, so a small tar of huge holes is a bomb too.
  checkExpansion({ given: indexed.tarSize, expanded: indexed.contentSize });
  await writeFile(index, indexed.index);
  return stack.use(new ArchiveTree('archive', [{ diffId: indexed.diffId, tar, index }]));
}

/** Without `user.*` attributes: they belong to whoever packed the archive, and docker drops them. */
class ArchiveTree extends StageTree {
  override entry(node: FileNode, path: ByteString): Entry {
    const entry = super.entry(node, path);
    const xattrs = new Map([...entry.xattrs].filter(([name]) => !name.startsWith('user.')));
    return { ...entry, xattrs };
  }
}

/** True when a first entry can be read. @throws COMPRESSION_UNKNOWN rare kinds of xz: nobody can look inside */
async function isArchive(
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const entries = readTar(decompress(Readable.from(content)));
  try {
    return !(await entries.next()).done;
  } catch (error) {
    if (isSlipwayError(error, 'ARCHIVE_INVALID')) return false;
    throw error;
  } finally {
    await entries.return();
  }
}
