/**
 * Where a generated archive goes: a file (file-writer.ts) or a stream such as stdout. What is generated comes as a function that takes the sink, so that it can be
 * asked for once the place is known to be good.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import type { Placing } from '#store/archive-write.ts';
import { onDisk } from '#store/disk-errors.ts';
import { FileWriter } from './file-writer.ts';

/** Takes the bytes in order; a chunk may be reused once its promise resolves. */
export type Sink = (chunk: Uint8Array) => Promise<void>;

export interface OutputOptions {
  /** Sends everything to the sink; what it puts in place itself is left out there. */
  readonly write: (sink: Sink, placing?: Placing) => Promise<void>;
  /** Hears when an interrupted save is gone on with. */
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/**
 * To a path, where a reader sees the whole file or none, or to a stream, which is not ended.
 * @throws FILE_MISSING, FILE_UNUSABLE, DISK_FULL, PERMISSION, and what `write` throws
 */
export async function writeOutput(
  output: string | NodeJS.WritableStream,
  options: OutputOptions,
): Promise<void> {
  const { write, signal } = options;
  if (typeof output === 'string') await writeFileWhole(output, options);
  else await write((chunk) => writeChunk(output, chunk, signal));
}

/** A reader of `path` sees the whole archive or none. */
async function writeFileWhole(
  path: string,
  { write, events = ignoreEvents }: OutputOptions,
): Promise<void> {
  await needPlace(path);
  await using file = await FileWriter.open(path);
  const placing: Placing = {
    skip: (bytes) => file.skip(bytes),
    place: (blob, how, call) => file.place(blob, how, call),
  };
  await write((chunk) => file.write(chunk), placing);
  await file.commit();
  if (file.keptBytes > 0) {
    const text = `went on with ${path}: ${file.keptBytes} bytes of an interrupted save were right`;
    events({ kind: 'note', level: 'info', text });
  }
}

/**
 * A folder to write in, and nothing at `path` that a rename must not replace, such as /dev/null.
 * @throws FILE_MISSING, FILE_UNUSABLE, in docker's words
 */
export async function needPlace(path: string): Promise<void> {
  await needFolder(path);
  const found = await onDisk(path, () => stat(path)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!found || found.isFile()) return;
  throw new SlipwayError('FILE_UNUSABLE', `invalid output path: "${path}" must be a regular file`, {
    hint: found.isDirectory()
      ? 'name a file in it'
      : `to write there, let it go to standard output and redirect that: > ${path}`,
    detail: { path },
  });
}

async function needFolder(path: string): Promise<void> {
  try {
    await onDisk(path, () => stat(dirname(path)));
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw new SlipwayError(
      'FILE_MISSING',
      `invalid output path: directory "${dirname(path)}" does not exist`,
      { hint: 'make the folder first, or check the path', cause, detail: { path } },
    );
  }
}

/** The writer reuses its chunks, and a stream that is no file or pipe may keep what it is given. */
async function writeChunk(
  stream: NodeJS.WritableStream,
  chunk: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  // A reader that stands still must not keep us from ending.
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    const written = new Promise<void>((resolve, reject) => {
      stream.write(Buffer.from(chunk), (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([written, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
