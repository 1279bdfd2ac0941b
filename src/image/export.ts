/** `export`: the root file system of an image as one tar, the same bytes for the same image. */

import type { EntrySource } from '#archive/entry.ts';
import { TarWriter } from '#archive/tar-write.ts';
import type { ByteString } from '#core/bytes.ts';
import { treeEntries } from '#layer/tree-entries.ts';
import { type Sink, writeOutput } from './output-file.ts';
import { type LookOptions, openRoot } from './root-tree.ts';

export interface ExportOptions extends LookOptions {
  /** A path, where a reader sees the whole tar or none; or a stream, which is not ended. */
  readonly output: string | NodeJS.WritableStream;
}

/**
 * What the layers make together and nothing else: no mount points of containers. The first entry is
 * the root itself, so that its mode and owner survive.
 * @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, DISK_FULL, PERMISSION
 */
export async function exportRoot(image: string, options: ExportOptions): Promise<void> {
  const { output, signal } = options;
  await using root = await openRoot(image, options);
  const { tree } = root;
  const start = { node: tree.root, path: '' as ByteString };
  await writeOutput(output, {
    write: (sink) =>
      writeTar(treeEntries(tree, start, start.path), { sink, ...(signal ? { signal } : {}) }),
    ...(signal ? { signal } : {}),
  });
}

/** Entries to a tar, which is ended. */
export async function writeTar(
  entries: Iterable<EntrySource>,
  { sink, signal }: { readonly sink: Sink; readonly signal?: AbortSignal },
): Promise<void> {
  const writer = new TarWriter(async (chunk) => {
    signal?.throwIfAborted();
    await sink(chunk);
  });
  for (const entry of entries) await writer.add(entry);
  await writer.finish();
}
