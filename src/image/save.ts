/**
 * `docker save`: images of the local store to one tar (archive-write.ts), as they are: the digests of
 * manifests, configs and layers survive.
 */

import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { Platform } from '#core/platform.ts';
import { formatReference, parseReference, type Reference, repositoryKey } from '#core/reference.ts';
import { type ArchivedImage, writeImageArchive } from '#store/archive-write.ts';
import { onDisk } from '#store/disk-errors.ts';
import { writeAll } from '#store/durable-file.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { currentOwner, ownerOfName, ownerState } from '#store/process-owner.ts';
import { type LocalImage, resolveImage } from './resolve.ts';
import { selectAnyManifest } from './select.ts';

export interface SaveOptions {
  readonly store: LocalStore;
  /** Names, digests or IDs. A name without a tag means all its tags, an ID goes without a name. */
  readonly images: readonly string[];
  /** A path, written beside and renamed when complete; or a stream, which is not ended. */
  readonly output: string | NodeJS.WritableStream;
  /** Which image of an index old readers see. */
  readonly platform: Platform;
  readonly signal?: AbortSignal;
}

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, BLOB_UNKNOWN, DISK_FULL, PERMISSION */
export async function saveImages(options: SaveOptions): Promise<void> {
  const { store, output, platform } = options;
  await using lease = await store.lease({ purpose: `save ${options.images.join(' ')}` });
  const images = await collectImages(options, lease);
  const write = (sink: (chunk: Uint8Array) => Promise<void>): Promise<void> =>
    writeImageArchive({
      images,
      sink,
      choose: (index) => selectAnyManifest(index, platform),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  if (typeof output === 'string') await writeFileWhole(output, write);
  else await write((chunk) => writeChunk(output, chunk, options.signal));
}

/** Each image once, with all the names it was asked by. */
async function collectImages(
  options: SaveOptions,
  lease: Lease,
): Promise<readonly ArchivedImage[]> {
  const found = new Map<string, { image: LocalImage; names: Map<string, Reference> }>();
  for (const text of options.images) {
    for (const { selector, name } of wantedBy(text, options.store)) {
      const image = await resolveImage(selector, { ...options, lease, orAnyPlatform: true });
      const known = found.get(image.root.digest) ?? { image, names: new Map() };
      if (name) known.names.set(formatReference(name), name);
      found.set(image.root.digest, known);
    }
  }
  return [...found.values()].map(({ image, names }) => ({
    from: image.repository,
    selector: image.root.digest,
    names: [...names.values()],
  }));
}

interface Wanted {
  /** For {@link resolveImage}. */
  readonly selector: string;
  readonly name?: Reference;
}

/** A name alone stands for all tags of its repository (`docker save ubuntu`). */
function wantedBy(text: string, store: LocalStore): readonly Wanted[] {
  const reference = referenceIn(text);
  if (!reference || reference.digest !== undefined) return [{ selector: text }];
  if (reference.tag !== undefined) return [{ selector: text, name: reference }];
  const key = repositoryKey(reference);
  const tags = store.images.list().flatMap((image) => (image.repository === key ? image.tags : []));
  if (tags.length === 0) return [{ selector: text }];
  return tags.sort().map((tag) => {
    const name = { ...reference, tag };
    return { selector: formatReference(name), name };
  });
}

function referenceIn(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}

/** A reader of `path` sees the whole archive or none. */
async function writeFileWhole(
  path: string,
  write: (sink: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
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
