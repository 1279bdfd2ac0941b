/**
 * What the files are that somebody wants to load: archives, or volumes of one. A volume is known by
 * its number and its list (`x.tar.volumes.json`, beside it, given too, or kept from an earlier load);
 * without any list numbered files from 001 on are taken as one archive, whoever split it.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { onDisk } from '#store/disk-errors.ts';
import { fileSize } from '#store/file-size.ts';
import { folderFiles, readDocument } from '#store/packed-files.ts';
import { type Segment, segmentsOf } from '#store/segments.ts';
import {
  decodeVolumes,
  VOLUMES_SIZE_BYTES_MAX,
  VOLUMES_TYPE,
  type Volume,
  type VolumesDocument,
} from '#store/volumes-document.ts';
import { needFile } from './input-file.ts';

export type GivenArchive =
  | { readonly kind: 'archive'; readonly input: string | readonly Segment[] }
  | GivenVolumes;

export interface GivenVolumes {
  readonly kind: 'volumes';
  readonly list: VolumesDocument;
  /** Where volumes were found, by name; perhaps not all of them. */
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * In the order given, volumes of one archive together. `known`: lists from earlier.
 * @throws FILE_MISSING, PERMISSION, VOLUME_MISSING (a gap in volumes without a list), ARCHIVE_INVALID
 */
export async function archiveInputs(
  paths: readonly string[],
  known: readonly VolumesDocument[] = [],
): Promise<readonly GivenArchive[]> {
  const lists = await givenLists(paths);
  const atHand = [...lists.values(), ...known];
  const volumes = new Map<Digest, Map<string, string>>();
  const archives = new Map<string, GivenArchive>();
  for (const path of paths) {
    const list = lists.get(path) ?? (await listOf(path, atHand));
    const stem = list ? undefined : await stemOf(path);
    if (list) {
      const found = volumes.get(list.id) ?? new Map<string, string>();
      for (const [name, place] of await volumesIn(dirname(path), list)) found.set(name, place);
      volumes.set(list.id, found);
      archives.set(list.id, { kind: 'volumes', list, paths: found });
    } else if (stem === undefined) {
      archives.set(path, { kind: 'archive', input: path });
    } else {
      archives.set(stem, { kind: 'archive', input: await numberedSegments(stem, path) });
    }
  }
  return [...archives.values()];
}

const VOLUME_NAME = /^(.+)\.(\d{3,4})$/;

/** Lists among the files themselves. */
async function givenLists(paths: readonly string[]): Promise<ReadonlyMap<string, VolumesDocument>> {
  const lists = new Map<string, VolumesDocument>();
  for (const path of paths) {
    await needFile(path);
    if (await isList(path)) lists.set(path, await readList(path));
  }
  return lists;
}

/** By content: whatever it is called by now. */
async function isList(path: string): Promise<boolean> {
  return await onDisk(path, async () => {
    if (!(await stat(path)).isFile()) return false;
    await using file = await open(path, 'r');
    const head = Buffer.alloc(200);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const text = head.toString('latin1', 0, bytesRead);
    return text.trimStart().startsWith('{') && text.includes(VOLUMES_TYPE);
  });
}

async function readList(path: string): Promise<VolumesDocument> {
  const files = folderFiles(dirname(path));
  const bytes = await readDocument(files, basename(path), VOLUMES_SIZE_BYTES_MAX);
  return decodeVolumes(bytes ?? new Uint8Array(), path);
}

/** The list that a volume is in: beside it, else one of those at hand that knows its name and size. */
async function listOf(
  path: string,
  atHand: readonly VolumesDocument[],
): Promise<VolumesDocument | undefined> {
  const stem = VOLUME_NAME.exec(path)?.[1];
  if (stem === undefined) return undefined;
  const beside = `${stem}.volumes.json`;
  if (fileSize(beside) !== undefined && (await isList(beside))) {
    const list = await readList(beside);
    if (list.volumes.some(({ name }) => name === basename(path))) return list;
  }
  const size = fileSize(path);
  const fits = (volume: Volume): boolean => volume.name === basename(path) && volume.size === size;
  const lists = new Map(
    atHand.filter(({ volumes }) => volumes.some(fits)).map((list) => [list.id, list]),
  );
  if (lists.size <= 1) return [...lists.values()][0];
  throw new SlipwayError('NAME_CONFLICT', `${path} fits the lists of ${lists.size} archives`, {
    hint: `give the list too: -i ${beside}`,
    detail: { path, archives: [...lists.keys()] },
  });
}

/** The volumes of a list in a folder. */
async function volumesIn(
  folder: string,
  { volumes }: VolumesDocument,
): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const { name } of volumes) {
    const path = join(folder, name);
    if (fileSize(path) !== undefined) found.push([name, path]);
  }
  return found;
}

/** `x.tar` of `x.tar.002` when there is an `x.tar.001`; a file that merely ends in digits has none. */
async function stemOf(path: string): Promise<string | undefined> {
  const [, stem, digits] = VOLUME_NAME.exec(path) ?? [];
  if (stem === undefined || digits === undefined) return undefined;
  const first = `${stem}.${'1'.padStart(digits.length, '0')}`;
  return fileSize(first) === undefined ? undefined : stem;
}

/** All numbered files beside the one given, which must leave no gap. */
async function numberedSegments(stem: string, given: string): Promise<readonly Segment[]> {
  const digits = given.length - stem.length - 1;
  const name = (number: number): string => `${stem}.${String(number).padStart(digits, '0')}`;
  const prefix = `${basename(stem)}.`;
  const numbers = (await onDisk(stem, () => readdir(dirname(stem))))
    .filter((one) => one.startsWith(prefix) && /^\d+$/.test(one.slice(prefix.length)))
    .filter((one) => one.length === prefix.length + digits)
    .map((one) => Number(one.slice(prefix.length)))
    .filter((number) => number > 0);
  const last = Math.max(...numbers);
  const there = new Set(numbers);
  const all = Array.from({ length: last }, (_, i) => i + 1);
  const gaps = all.filter((number) => !there.has(number));
  if (gaps.length > 0) throw volumesMissing(gaps.map(name));
  return await segmentsOf(all.map(name));
}

/** VOLUME_MISSING, naming them. */
export function volumesMissing(names: readonly string[]): SlipwayError {
  const [first, ...more] = names;
  const what = more.length === 0 ? `volume ${first} is` : `volumes ${names.join(', ')} are`;
  return new SlipwayError('VOLUME_MISSING', `${what} missing`, {
    hint: 'put all volumes into one folder, or name each with -i',
    detail: { missing: names },
  });
}
