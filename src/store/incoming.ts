/**
 * Volumes that come one at a time: each is copied here, verified on the way, until all of its archive
 * are here or every image could be loaded. A folder per archive, named by its id, with its volumes under
 * their digests and every list that came: the same archive saved under another name, or cut in another
 * way, goes on with the volumes that are here. Folders to which none has come for a week are garbage.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHasher, digestOf, encodedOf } from '#core/digest.ts';
import { errnoOf, isSlipwayError } from '#core/errors.ts';
import type { CallOptions } from '#core/repository.ts';
import { onDisk } from './disk-errors.ts';
import { namesIn } from './disk-files.ts';
import { putInPlace, writeAll, writeInPlace } from './durable-file.ts';
import { readFileChunks } from './file-read.ts';
import { fileSize } from './file-size.ts';
import type { StorePaths } from './paths.ts';
import {
  decodeVolumes,
  encodeVolumes,
  type Volume,
  type VolumesDocument,
} from './volumes-document.ts';

/** How long volumes wait for the others. */
export const INCOMING_TTL_MS = 7 * 24 * 60 * 60 * 1000;

const LIST_SUFFIX = '.volumes.json';

/** The lists of all archives of which some volumes are here. */
export async function incomingLists(paths: StorePaths): Promise<readonly VolumesDocument[]> {
  const lists: VolumesDocument[] = [];
  for (const name of namesIn(paths.incoming)) lists.push(...(await listsIn(paths, name)));
  return lists;
}

async function listsIn(paths: StorePaths, id: string): Promise<readonly VolumesDocument[]> {
  const folder = join(paths.incoming, id);
  const lists: VolumesDocument[] = [];
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(LIST_SUFFIX)) continue;
    const path = join(folder, name);
    try {
      lists.push(decodeVolumes(await onDisk(path, () => readFile(path)), path));
    } catch (error) {
      // Dropped meanwhile, or damaged: the next volume brings its list again.
      if (errnoOf(error) !== 'ENOENT' && !isSlipwayError(error, 'ARCHIVE_INVALID')) throw error;
    }
  }
  return lists;
}

/** The volumes of an archive that are here, by name; they were right when they came. */
export async function keptVolumes(
  paths: StorePaths,
  list: VolumesDocument,
): Promise<ReadonlyMap<string, string>> {
  const kept = new Map<string, string>();
  for (const volume of list.volumes) {
    const path = pathOf(paths, list, volume);
    if (fileSize(path) === volume.size) kept.set(volume.name, path);
  }
  return kept;
}

/** Copies a volume here and gives its path; undefined when its bytes are not those of the list. */
export async function keepVolume(
  paths: StorePaths,
  { list, volume, from }: KeepOptions,
  call: CallOptions = {},
): Promise<string | undefined> {
  const folder = folderOf(paths, list);
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const bytes = encodeVolumes(list);
  const listName = `${encodedOf(digestOf(bytes))}${LIST_SUFFIX}`;
  await writeInPlace(paths.temporary('ingest'), join(folder, listName), bytes);
  const temporary = paths.temporary('ingest');
  try {
    if (!(await copyVerified(from, temporary, volume, call))) return undefined;
    const path = pathOf(paths, list, volume);
    await putInPlace(temporary, path);
    return path;
  } finally {
    await rm(temporary, { force: true });
  }
}

export interface KeepOptions {
  readonly list: VolumesDocument;
  readonly volume: Volume;
  /** The file to copy. */
  readonly from: string;
}

/** Forgets an archive's volumes, or one of them: at once, so that nobody finds half of them. */
export async function dropIncoming(
  paths: StorePaths,
  list: VolumesDocument,
  volume?: Volume,
): Promise<void> {
  const path = volume ? pathOf(paths, list, volume) : folderOf(paths, list);
  const trash = paths.temporary('trash');
  try {
    await onDisk(path, () => rename(path, trash));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  await rm(trash, { recursive: true, force: true });
}

/** Whether a file is what the list says. */
export async function isRight(volume: Volume, path: string, call: CallOptions): Promise<boolean> {
  if (fileSize(path) !== volume.size) return false;
  const hasher = createHasher();
  for await (const chunk of readFileChunks(path, call)) hasher.update(chunk);
  return hasher.digest() === volume.digest;
}

async function copyVerified(
  from: string,
  to: string,
  volume: Volume,
  call: CallOptions,
): Promise<boolean> {
  const hasher = createHasher();
  let size = 0;
  await using file = await onDisk(to, () => open(to, 'wx', 0o600));
  const range = { offset: 0, length: volume.size };
  for await (const chunk of readFileChunks(from, { ...call, range })) {
    const written = onDisk(to, () => writeAll(file, chunk));
    hasher.update(chunk);
    size += chunk.byteLength;
    await written;
  }
  return size === volume.size && hasher.digest() === volume.digest;
}

function folderOf(paths: StorePaths, { id }: VolumesDocument): string {
  return join(paths.incoming, encodedOf(id));
}

function pathOf(paths: StorePaths, list: VolumesDocument, { digest }: Volume): string {
  return join(folderOf(paths, list), encodedOf(digest));
}
