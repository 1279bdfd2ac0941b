/**
 * The outer tar of an image archive (docker-archive, OCI layout tar): plain files and folders with
 * short names, written by tar-stream. Layers are another matter: their bytes are their identity, so
 * tar-write.ts spells them itself.
 */
import { type Pack, pack } from 'tar-stream';
import { displayBytes } from '#core/bytes.ts';
import type { EntrySource } from './entry.ts';

/**
 * Streams the archive; the same entries give the same bytes. Only files and folders are expected.
 * What a content throws, or a content of another size than its entry says, ends the stream with it.
 */
export async function* packImageTar(
  sources: Iterable<EntrySource>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const archive = pack();
  const feeding = feed(archive, sources).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of archive) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } finally {
    // Reached early when the reader stops: the feeder must not wait for room for ever.
    archive.destroy(new Error('the reader stopped'));
    await feeding;
  }
}

async function feed(archive: Pack, sources: Iterable<EntrySource>): Promise<void> {
  for (const source of sources) {
    if (archive.destroyed) return;
    await add(archive, source);
  }
  archive.finalize();
}

async function add(archive: Pack, { entry, content }: EntrySource): Promise<void> {
  const isFile = entry.kind === 'file';
  const header = {
    // A folder's name ends in a slash, as every tar program writes it.
    name: displayBytes(entry.path) + (isFile ? '' : '/'),
    type: isFile ? ('file' as const) : ('directory' as const),
    size: isFile ? entry.size : 0,
    mode: entry.mode,
    mtime: new Date(entry.mtime.seconds * 1000),
  };
  const { promise: written, resolve, reject } = Promise.withResolvers<void>();
  const sink = archive.entry(header, (error) => (error ? reject(error) : resolve()));
  // Its errors arrive by the callback; without a listener they would end the process too.
  sink.on('error', () => {});
  await Promise.all([written, isFile ? send(sink, content?.() ?? [], written) : undefined]);
}

/** Chunks with backpressure; `written` settles when the entry is over, also by the reader's end. */
async function send(
  sink: ReturnType<Pack['entry']>,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  written: Promise<void>,
): Promise<void> {
  for await (const chunk of content) {
    if (sink.write(chunk)) continue;
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    sink.once('drain', resolve);
    await Promise.race([drained, written]);
  }
  sink.end(null);
}
