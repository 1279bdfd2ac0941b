/**
 * Entries → a layer: the tar goes into an ingest of the store, the index comes back. Deterministic:
 * equal entries in equal order give equal bytes. The index is the one that indexTar would make of
 * the tar, so times are cut to whole seconds, as the tar has them.
 */
import type { Entry, EntrySource } from '#archive/entry.ts';
import { TarWriter } from '#archive/tar-write.ts';
import type { Digest } from '#core/digest.ts';
import type { Ingest } from '#core/repository.ts';
import { writeErofs } from './erofs-write.ts';
import { plainData } from './file-data.ts';
import { LayerTree } from './layer-tree.ts';
import { withoutReserved } from './marks.ts';

export interface WrittenLayer {
  /** Of the tar, which is now in the store. */
  readonly diffId: Digest;
  /** Bytes of the tar. */
  readonly size: number;
  /** The EROFS image that belongs to it. */
  readonly index: Uint8Array;
}

/**
 * Writes and commits one layer. Deleted files are entries named as whiteout.ts says. Extended
 * attributes that steer overlay are left out.
 * @throws ENTRY_REFUSED, SIZE_MISMATCH: nothing was committed
 */
export async function writeLayer(
  sources: Iterable<EntrySource> | AsyncIterable<EntrySource>,
  ingest: Ingest,
): Promise<WrittenLayer> {
  const { index } = await streamLayer(sources, (chunk) => ingest.write(chunk));
  const { digest, size } = await ingest.commit();
  return { diffId: digest, size, index };
}

/** The same into any sink: bytes of the tar, in order; each chunk is reused after its promise settles. */
export async function streamLayer(
  sources: Iterable<EntrySource> | AsyncIterable<EntrySource>,
  sink: (chunk: Uint8Array) => Promise<void>,
): Promise<{ readonly size: number; readonly index: Uint8Array }> {
  const writer = new TarWriter(sink);
  const tree = new LayerTree();
  for await (const source of sources) {
    const entry = storedForm(source.entry);
    const { dataOffset } = await writer.add({ ...source, entry });
    const size = entry.kind === 'file' ? entry.size : 0;
    tree.add(entry, plainData({ device: 1, dataOffset, size }));
  }
  await writer.finish();
  const { size } = writer;
  return { size, index: writeErofs({ root: tree.finish(), deviceSizes: [size] }) };
}

/** The entry as it reads back from the tar. */
function storedForm(entry: Entry): Entry {
  const mtime = { seconds: entry.mtime.seconds, nanoseconds: 0 };
  const xattrs = withoutReserved(entry.xattrs);
  if (entry.kind !== 'file') return { ...entry, mtime, xattrs };
  const { sparse: _, ...file } = entry;
  return { ...file, mtime, xattrs };
}
