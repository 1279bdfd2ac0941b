/**
 * Opens whatever may hold images, by content. A plain tar on disk, whole or in volumes, is read in
 * place; a compressed one or a stream is written plain into a temporary file first, because reading
 * images needs to seek.
 */
import { open, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { decompress, detectCompression, MAGIC_BYTES } from '#archive/compression.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { BUNDLE_FILE } from '#store/bundle-document.ts';
import { onDisk } from '#store/disk-errors.ts';
import { readDockerArchive } from '#store/docker-archive.ts';
import { writeAll } from '#store/durable-file.ts';
import { readOciArchive } from '#store/oci-archive.ts';
import { folderFiles, type PackedFiles } from '#store/packed-files.ts';
import { PackedRepository } from '#store/packed-repository.ts';
import { endOf, readSegments, type Segment, segmentsOf } from '#store/segments.ts';
import { openTarFiles, type TarFiles } from '#store/tar-files.ts';
import { volumeContents, volumeFiles } from '#store/volume-files.ts';
import type { VolumesDocument } from '#store/volumes-document.ts';
import { signedFiles, type VerifyKey, verifyBundle } from './bundle-signature.ts';
import { interruptible } from './interruptible.ts';

export interface OpenArchiveOptions {
  /** Opens only what was signed by the holder of this key. */
  readonly verify?: VerifyKey;
  /** Gives a fresh path for a plain copy. */
  readonly temporary: () => string;
  readonly signal?: AbortSignal;
}

/** Disposing removes the plain copy, if one was made. */
export interface OpenedArchive extends AsyncDisposable {
  readonly repository: PackedRepository;
}

/** Some volumes of an archive: images whose blobs they cover can be had. */
export interface PartialArchive {
  readonly list: VolumesDocument;
  readonly segments: readonly Segment[];
}

/** A path, the segments of one archive or some of them, or a stream such as stdin. */
export type ArchiveInput =
  | string
  | readonly Segment[]
  | PartialArchive
  | AsyncIterable<Uint8Array | string>;

/**
 * @throws FILE_UNUSABLE, ARCHIVE_INVALID, COMPRESSION_UNKNOWN, DISK_FULL, and with `verify`
 * SIGNATURE_MISSING, SIGNATURE_WRONG
 */
export async function openArchive(
  input: ArchiveInput,
  options: OpenArchiveOptions,
): Promise<OpenedArchive> {
  const name = nameOf(input);
  if (isPartial(input)) return await openPartial(name, input, options);
  if (typeof input === 'string' && (await onDisk(input, () => stat(input))).isDirectory()) {
    const repository = await readImages(folderFiles(input), options);
    if (!repository) throw notImages(name, 'a folder without index.json or manifest.json');
    return { repository, [Symbol.asyncDispose]: async () => {} };
  }
  const plain = await plainSegments(input, options);
  try {
    const repository = await readTarImages(plain.segments, name, options);
    return { repository, [Symbol.asyncDispose]: plain[Symbol.asyncDispose] };
  } catch (error) {
    await plain[Symbol.asyncDispose]();
    throw error;
  }
}

/** The list has bundle.json, which is all there is of documents. */
async function openPartial(
  name: string,
  { list, segments }: PartialArchive,
  { verify }: OpenArchiveOptions,
): Promise<OpenedArchive> {
  const files = volumeFiles(name, list, segments);
  if (verify) await verifyBundle(files, verify);
  const repository = new PackedRepository(files, volumeContents(list.bundle));
  return { repository, [Symbol.asyncDispose]: async () => {} };
}

/** How messages call it. */
export function nameOf(input: ArchiveInput): string {
  if (typeof input === 'string') return input;
  if (isPartial(input)) return `the volumes of ${input.list.volumes[0]?.name} that are here`;
  return isSegments(input) ? (input[0]?.path ?? 'no file') : 'the archive on standard input';
}

function isSegments(input: ArchiveInput): input is readonly Segment[] {
  return Array.isArray(input);
}

function isPartial(input: ArchiveInput): input is PartialArchive {
  return typeof input === 'object' && 'list' in input;
}

/** Both forms stand in a tar of a new docker; index.json knows the digests. */
async function readImages(
  files: PackedFiles,
  { verify }: OpenArchiveOptions,
): Promise<PackedRepository | undefined> {
  const isBundle = (await files.size(BUNDLE_FILE)) !== undefined;
  const read = verify && isBundle ? await signedFiles(files, verify) : files;
  const contents = (await readOciArchive(read)) ?? (await readDockerArchive(read));
  // What is no archive of images at all is not called unsigned.
  if (contents && verify && !isBundle) await verifyBundle(files, verify);
  return contents && new PackedRepository(read, contents);
}

async function readTarImages(
  segments: readonly Segment[],
  name: string,
  options: OpenArchiveOptions,
): Promise<PackedRepository> {
  const signal = options.signal ? { signal: options.signal } : {};
  const tar = await openTar(segments, name, signal);
  const found = await readImages(tar, options);
  if (found) return found;
  const inner = onlyTarIn(tar);
  const part = inner === undefined ? undefined : tar.place(inner);
  if (inner !== undefined && part) {
    const within = await openTar(segments, `${inner} in ${name}`, { ...signal, part });
    const images = await readImages(within, options);
    if (images) return images;
  }
  throw notImages(name, endOf(segments) === 0 ? EMPTY : kindOf(tar));
}

async function openTar(
  segments: readonly Segment[],
  name: string,
  options: Parameters<typeof openTarFiles>[1],
): Promise<TarFiles> {
  try {
    return await openTarFiles(segments, { ...options, name });
  } catch (error) {
    if (!isSlipwayError(error, 'ARCHIVE_INVALID')) throw error;
    // Damage in the first header: not a cut-off tar, but no tar at all.
    if (error.detail.offset === 0) throw notImages(name, NO_TAR, error);
    throw new SlipwayError('ARCHIVE_INVALID', `${name}: ${error.message}`, {
      hint: volumeHint(name) ?? error.hint ?? 'fetch or make the archive again',
      detail: error.detail,
    });
  }
}

const NO_TAR = 'not a tar';
const EMPTY = 'empty';

/** What to do with a number of an archive whose list is not at hand. */
function volumeHint(name: string): string | undefined {
  const [, stem] = /^(.+)\.\d{3,4}$/.exec(basename(name)) ?? [];
  if (stem === undefined) return undefined;
  return `as a volume of ${stem} it needs its list: load the folder or stick with ${stem}.volumes.json first`;
}

/** A tar that somebody packed once more: exactly one file, and its name says tar. */
function onlyTarIn({ paths }: TarFiles): string | undefined {
  const [only] = paths.filter((path) => path.endsWith('.tar'));
  return paths.length <= 2 ? only : undefined;
}

function kindOf({ paths }: TarFiles): string {
  const has = (...names: readonly string[]): boolean =>
    names.some((name) => paths.some((path) => path === name || path.startsWith(`${name}/`)));
  if (paths.length === 0) return 'an empty tar';
  if (has('etc', 'bin', 'usr', 'lib')) return 'the files of a root file system';
  return 'a tar without index.json or manifest.json';
}

function notImages(name: string, what: string, cause?: unknown): SlipwayError {
  const isRoot = what.includes('root file system');
  const hint = isRoot
    ? `a root file system has no image config: slipway import ${name.includes(' ') ? 'FILE' : name} NAME`
    : what === EMPTY
      ? 'nothing was written to it: look at the command that should have'
      : (volumeHint(name) ??
        'load reads what "slipway save", "docker save" or "podman save" wrote');
  const isNot =
    what === NO_TAR ? 'a tar, so it is no image archive' : `an image archive but ${what}`;
  return new SlipwayError('FILE_UNUSABLE', `${name} is not ${isNot}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
    detail: { found: what },
  });
}

interface PlainSegments extends AsyncDisposable {
  readonly segments: readonly Segment[];
}

async function plainSegments(
  input: Exclude<ArchiveInput, PartialArchive>,
  options: OpenArchiveOptions,
): Promise<PlainSegments> {
  const given = typeof input === 'string' ? await segmentsOf([input]) : input;
  if (isSegments(given) && !(await isCompressed(given))) {
    return { segments: given, [Symbol.asyncDispose]: async () => {} };
  }
  const path = options.temporary();
  const dispose = (): Promise<void> => rm(path, { force: true });
  try {
    const source = isSegments(given)
      ? readSegments(given, options)
      : interruptible(given, options.signal);
    await onDisk(path, async () => {
      await using file = await open(path, 'wx', 0o600);
      for await (const chunk of decompress(source, options)) await writeAll(file, chunk);
    });
    return { segments: await segmentsOf([path]), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function isCompressed(segments: readonly Segment[]): Promise<boolean> {
  const chunks: Uint8Array[] = [];
  const range = { offset: 0, length: MAGIC_BYTES };
  for await (const chunk of readSegments(segments, { range })) chunks.push(chunk);
  return detectCompression(Buffer.concat(chunks)) !== 'none';
}
