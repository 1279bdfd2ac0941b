/** A plain tar, streamed once → its index and its diffID. Nothing is stored here. */
import { readTar, type TarEntry } from '#archive/tar-read.ts';
import { createHasher, type Digest } from '#core/digest.ts';
import { writeErofs } from './erofs-write.ts';
import { plainData, sparseData } from './file-data.ts';
import { LayerTree } from './layer-tree.ts';
import type { FileData } from './tree.ts';

/** In its own index a layer is always the first and only tar. */
const OWN_DEVICE = 1;

export interface IndexedStream {
  /** The EROFS image, ready to be stored. */
  readonly index: Uint8Array;
  /** Bytes of the whole stream. */
  readonly tarSize: number;
  /** Bytes of all files, holes counted as if they were data. */
  readonly contentSize: number;
  /** Things the index leaves out, one sentence each. */
  readonly warnings: readonly string[];
}

export interface IndexedTar extends IndexedStream {
  /** sha256 of the whole stream. */
  readonly diffId: Digest;
}

/** Reads the tar to its end. @throws ARCHIVE_INVALID, ENTRY_REFUSED */
export async function indexTar(
  source: AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<IndexedTar> {
  const hasher = createHasher();
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hasher.update(chunk);
      yield chunk;
    }
  }
  const indexed = await indexTarStream(hashed(), options);
  return { ...indexed, diffId: hasher.digest() };
}

/** The same where somebody else hashes the stream: hashing costs more than indexing. */
export async function indexTarStream(
  source: AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<IndexedStream> {
  let tarSize = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      tarSize += chunk.length;
      yield chunk;
    }
  }
  const tree = new LayerTree();
  let contentSize = 0;
  for await (const tarEntry of readTar(counted(), options)) {
    if (tarEntry.entry.kind === 'file') contentSize += tarEntry.entry.size;
    const data = dataOf(tarEntry);
    // Only sparse files are waited for.
    tree.add(tarEntry.entry, data instanceof Promise ? await data : data);
  }
  const root = tree.finish();
  const index = writeErofs({ root, deviceSizes: [tarSize] });
  return { index, tarSize, contentSize, warnings: tree.warnings };
}

function dataOf(tarEntry: TarEntry): FileData | undefined | Promise<FileData | undefined> {
  const { entry, dataOffset } = tarEntry;
  if (entry.kind !== 'file') return undefined;
  const place = { path: entry.path, device: OWN_DEVICE, dataOffset, size: entry.size };
  if (entry.sparse === undefined) return plainData(place);
  return sparseData({ ...place, segments: entry.sparse, stored: tarEntry.stored() });
}
