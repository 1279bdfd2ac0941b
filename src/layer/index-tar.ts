/** A plain tar, streamed once → its index and its diffID. Nothing is stored here. */
import { readTar, type TarEntry } from '#archive/tar-read.ts';
import { createHasher, type Digest } from '#core/digest.ts';
import { writeErofs } from './erofs-write.ts';
import { plainData, sparseData } from './file-data.ts';
import { LayerTree } from './layer-tree.ts';
import type { FileData } from './tree.ts';

/** In its own index a layer is always the first and only tar. */
const OWN_DEVICE = 1;

export interface IndexedTar {
  /** The EROFS image, ready to be stored. */
  readonly index: Uint8Array;
  /** Bytes of the whole stream. */
  readonly tarSize: number;
  /** Bytes of all files, holes counted as if they were data. */
  readonly contentSize: number;
  /** sha256 of the whole stream. */
  readonly diffId: Digest;
  /** Things the index leaves out, one sentence each. */
  readonly warnings: readonly string[];
}

/** Reads the tar to its end. @throws ARCHIVE_INVALID, ENTRY_REFUSED */
export async function indexTar(
  source: AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<IndexedTar> {
  const hasher = createHasher();
  let tarSize = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hasher.update(chunk);
      tarSize += chunk.length;
      yield chunk;
    }
  }
  const tree = new LayerTree();
  let contentSize = 0;
  for await (const tarEntry of readTar(hashed(), options)) {
    if (tarEntry.entry.kind === 'file') contentSize += tarEntry.entry.size;
    tree.add(tarEntry.entry, await dataOf(tarEntry));
  }
  const root = tree.finish();
  const index = writeErofs({ root, deviceSizes: [tarSize] });
  return { index, tarSize, contentSize, diffId: hasher.digest(), warnings: tree.warnings };
}

function dataOf(tarEntry: TarEntry): FileData | undefined | Promise<FileData | undefined> {
  const { entry, dataOffset } = tarEntry;
  if (entry.kind !== 'file') return undefined;
  const place = { path: entry.path, device: OWN_DEVICE, dataOffset, size: entry.size };
  if (entry.sparse === undefined) return plainData(place);
  return sparseData({ ...place, segments: entry.sparse, stored: tarEntry.stored() });
}
