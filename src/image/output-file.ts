/**
 * Where a generated archive goes: a file, written beside its place and renamed when complete, or a
 * stream such as stdout. What is generated comes as a function that takes the sink, so that it can be
 * asked for once the place is known to be good.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { onDisk } from '#store/disk-errors.ts';
import { writeAll } from '#store/durable-file.ts';
import { currentOwner, ownerOfName, ownerState } from '#store/process-owner.ts';

/** Takes the bytes in order; a chunk may be reused once its promise resolves. */
export type Sink = (chunk: Uint8Array) => Promise<void>;

export interface OutputOptions {
  /** Sends everything to the sink. */
  readonly write: (sink: Sink) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * To a path, where a reader sees the whole file or none, or to a stream, which is not ended.
 * @throws FILE_MISSING, FILE_UNUSABLE, DISK_FULL, PERMISSION, and what `write` throws
 */
export async function writeOutput(
  output: string | NodeJS.WritableStream,
  { write, signal }: OutputOptions,
): Promise<void> {
  if (typeof output === 'string') await writeFileWhole(output, write);
  else await write((chunk) => writeChunk(output, chunk, signal));
}

/** A reader of `path` sees the whole archive or none. */
async function writeFileWhole(path: string, write: OutputOptions['write']): Promise<void> {
  await needPlace(path);
  await collectDeadSiblings(path);
  const temporary = `${temporaryPrefix(path)}${currentOwner()}.${randomBytes(8).toString('hex')}`;
  const file = await onDisk(path, () => open(temporary, 'wx', 0o666));
  try {
    await onDisk(path, () => write((chunk) => writeAll(file, chunk)));
    await file.close();
    await onDisk(path, () => rename(temporary, path));
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What is between it and `<owner>.<random>` names the file that it is to become. */
function temporaryPrefix(path: string): string {
  return join(dirname(path), `.${basename(path)}.slipway-`);
}

/** What killed saves of the same file left beside it. */
async function collectDeadSiblings(path: string): Promise<void> {
  const prefix = basename(temporaryPrefix(path));
  for (const name of await onDisk(path, () => readdir(dirname(path)))) {
    if (!name.startsWith(prefix)) continue;
    if (ownerState(ownerOfName(name.slice(prefix.length))) !== 'dead') continue;
    await rm(join(dirname(path), name), { force: true });
  }
}

/**
 * A folder to write in, and nothing at `path` that a rename must not replace, such as /dev/null.
 * @throws FILE_MISSING, FILE_UNUSABLE, in docker's words
 */
async function needPlace(path: string): Promise<void> {
  await needFolder(path);
  const found = await onDisk(path, () => stat(path)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!found || found.isFile()) return;
  throw new SlipwayError('FILE_UNUSABLE', `invalid output path: "${path}" must be a regular file`, {
    hint: found.isDirectory()
      ? 'name a file in it'
      : `to write there, redirect the output: slipway save IMAGE > ${path}`,
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

/** The writer reuses its chunks, so each is waited for. */
async function writeChunk(
  stream: NodeJS.WritableStream,
  chunk: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  // A reader that stands still must not keep us from ending.
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    const written = new Promise<void>((resolve, reject) => {
      stream.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([written, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
