/**
 * `image cp`: a file or folder of an image to this machine, by the rules of `docker cp`. The image may
 * be hostile: nothing outside the destination is touched, whatever symlinks lie in it.
 */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Entry, EntrySource } from '#archive/entry.ts';
import { displayPath, splitPath } from '#archive/entry-path.ts';
import type { TarEntry } from '#archive/tar-read.ts';
import { type ByteString, bytesOf, displayBytes, toByteString } from '#core/bytes.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { MergedTree } from '#layer/merged-tree.ts';
import { type Place, treeEntries } from '#layer/tree-entries.ts';
import { UnpackTarget } from '#layer/unpack-target.ts';
import { onDiskSync } from '#store/disk-errors.ts';
import { writeTar } from './export.ts';
import { placeOf } from './files.ts';
import { writeOutput } from './output-file.ts';
import { type LookOptions, type OpenedRoot, openRoot } from './root-tree.ts';
import { turns } from './turns.ts';

export interface CopyOutOptions extends LookOptions {
  /** Absolute. `/.` at its end: what is in the folder, not the folder. */
  readonly source: string;
  /** A path; or a stream, which gets a tar and is not ended. */
  readonly destination: string | NodeJS.WritableStream;
  /** A symlink at the end of the source is followed too. */
  readonly followLink: boolean;
  /** Owners as in the image, which only root can give; else everything belongs to the caller. */
  readonly keepOwner: boolean;
}

/**
 * Gives things that could not be copied, one sentence each. Files that are there are replaced, folders are filled up.
 * @throws IMAGE_UNKNOWN, PATH_UNKNOWN, PATH_NOT_DIRECTORY, LINK_LOOP; FILE_MISSING, FILE_UNUSABLE for
 * the destination; DISK_FULL, PERMISSION
 */
export async function copyOut(image: string, options: CopyOutOptions): Promise<readonly string[]> {
  await using root = await openRoot(image, options);
  const source = sourceOf(root, image, options);
  const { destination, signal } = options;
  if (typeof destination === 'string')
    return await copyToFolder(root, source, { ...options, destination });
  const as = source.isContents ? ('' as ByteString) : source.name;
  await writeOutput(destination, {
    write: (sink) =>
      writeTar(treeEntries(root.tree, source.place, as), { sink, ...(signal ? { signal } : {}) }),
    ...(signal ? { signal } : {}),
  });
  return [];
}

interface Source {
  readonly place: Place;
  /** What a copy is called where the user names only a folder; '' for the root. */
  readonly name: ByteString;
  /** `/.` at the end: the folder itself is not copied. */
  readonly isContents: boolean;
}

function sourceOf({ tree }: OpenedRoot, image: string, options: CopyOutOptions): Source {
  const { source } = options;
  const isContents = /(?:^|\/)\.$/.test(source);
  const needsDirectory = isContents || source.endsWith('/');
  const bare = source.replace(/(?:\/\.?)+$/, '');
  const place = placeOf(tree, {
    path: bare === '' ? '/' : bare,
    image,
    followLast: options.followLink || needsDirectory,
  });
  if (needsDirectory && place.node.kind !== 'directory') {
    throw new SlipwayError('PATH_NOT_DIRECTORY', `lstat ${source}: not a directory`, {
      hint: 'leave out the slash at its end',
      detail: { path: source },
    });
  }
  // As the user calls it: a followed link gives its own name, not its target's.
  const named = toByteString(basename(bare));
  const name = named === '..' ? splitPath(place.path).name : named;
  return { place, name, isContents: isContents || place.path === '' };
}

/** Where the copy goes: into which folder, and under what path in it. */
interface Target {
  readonly folder: string;
  readonly as: ByteString;
}

async function copyToFolder(
  { tree }: OpenedRoot,
  source: Source,
  options: CopyOutOptions & { readonly destination: string },
): Promise<readonly string[]> {
  const target = await targetOf(source, options.destination);
  return await copyTree(tree, source.place, { ...options, ...target });
}

export interface CopyTreeOptions extends Target {
  readonly keepOwner: boolean;
  readonly signal?: AbortSignal;
}

/**
 * A part of a tree into a folder that is there. Gives what could not be copied, one sentence each.
 * @throws FILE_UNUSABLE, DISK_FULL, PERMISSION
 */
export async function copyTree(
  tree: MergedTree,
  start: Place,
  { folder, as, keepOwner, signal }: CopyTreeOptions,
): Promise<readonly string[]> {
  const turn = turns(signal);
  const target = new UnpackTarget({ folder, userXattr: false, hasMarks: false });
  for (const found of treeEntries(tree, start, as)) {
    await turn();
    // The destination is the user's own: its mode and owner stay.
    if (found.entry.path === '') continue;
    keepFolders(folder, found.entry);
    await target.add(unpackable(found, { keepOwner, turn }));
  }
  target.finish();
  return target.warnings.map(({ message, path }) => `${displayPath(path)}: ${message}`);
}

/** docker's rules. @throws FILE_MISSING, FILE_UNUSABLE */
async function targetOf(source: Source, destination: string): Promise<Target> {
  const isDirectory = source.place.node.kind === 'directory';
  const there = statOf(destination);
  if (there?.isDirectory() === true) {
    return { folder: destination, as: source.isContents ? ('' as ByteString) : source.name };
  }
  if (there !== undefined) {
    if (isDirectory) {
      throw new SlipwayError('FILE_UNUSABLE', 'cannot copy directory', {
        hint: `${destination} is a file: name a folder`,
        detail: { path: destination },
      });
    }
    if (destination.endsWith('/')) throw notDirectory(destination);
    const real = await realpath(destination);
    return { folder: dirname(real), as: toByteString(basename(real)) };
  }
  const path = resolve(destination);
  if (statOf(dirname(path))?.isDirectory() !== true) {
    throw new SlipwayError(
      'FILE_MISSING',
      `invalid output path: directory "${dirname(path)}" does not exist`,
      { hint: 'make the folder first, or check the path', detail: { path } },
    );
  }
  if (!isDirectory && destination.endsWith('/')) {
    throw new SlipwayError('FILE_MISSING', 'no such directory', {
      hint: `make it first: mkdir ${destination}`,
      detail: { path: destination },
    });
  }
  // A new folder made from the root's content has the root's mode.
  if (source.place.path === '') {
    await mkdir(path, { mode: source.place.node.mode });
    return { folder: path, as: '' as ByteString };
  }
  return { folder: dirname(path), as: toByteString(basename(path)) };
}

function notDirectory(path: string): SlipwayError {
  return new SlipwayError('FILE_UNUSABLE', `${path}: not a directory`, {
    hint: 'leave out the slash at its end',
    detail: { path },
  });
}

function statOf(path: string): Stats | undefined {
  try {
    return onDiskSync(path, () => statSync(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** A folder of the user's is never removed to make place for a file. @throws FILE_UNUSABLE */
function keepFolders(folder: string, { path, kind }: Entry): void {
  if (kind === 'directory') return;
  const file = Buffer.concat([Buffer.from(`${folder}/`), bytesOf(path)]);
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true) return;
  const shown = join(folder, displayBytes(path));
  throw new SlipwayError(
    'FILE_UNUSABLE',
    `cannot overwrite directory "${shown}" with non-directory`,
    {
      hint: 'remove or rename the folder, or copy to another place',
      detail: { path: shown },
    },
  );
}

/** Without setuid and setgid: they would now mean the caller. */
function asCallers(entry: Entry): Entry {
  const { geteuid, getegid } = process;
  const mode = entry.mode & 0o1777;
  return { ...entry, mode, uid: geteuid?.() ?? entry.uid, gid: getegid?.() ?? entry.gid };
}

function unpackable(
  { entry, content }: EntrySource,
  { keepOwner, turn }: { readonly keepOwner: boolean; readonly turn: () => Promise<void> },
): TarEntry {
  const owned = keepOwner && process.geteuid?.() === 0 ? entry : asCallers(entry);
  const size = entry.kind === 'file' ? entry.size : 0;
  const read = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of content?.() ?? []) {
      await turn();
      yield piece;
    }
  };
  return { entry: owned, dataOffset: 0, storedSize: size, content: read, stored: read };
}
