/**
 * Opens whatever may hold images, by content. A plain tar on disk is read in place; a compressed one
 * or a stream is written plain into a temporary file first, because reading images needs to seek.
 */
import { open, rm, stat } from 'node:fs/promises';
import { decompress, detectCompression, MAGIC_BYTES } from '#archive/compression.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { onDisk } from '#store/disk-errors.ts';
import { readDockerArchive } from '#store/docker-archive.ts';
import { writeAll } from '#store/durable-file.ts';
import { readFileChunks } from '#store/file-read.ts';
import { readOciArchive } from '#store/oci-archive.ts';
import { folderFiles, type PackedFiles } from '#store/packed-files.ts';
import { PackedRepository } from '#store/packed-repository.ts';
import { locateTarPart, openTarFiles, type TarFiles } from '#store/tar-files.ts';

export interface OpenArchiveOptions {
  /** Gives a fresh path for a plain copy. */
  readonly temporary: () => string;
  readonly signal?: AbortSignal;
}

/** Disposing removes the plain copy, if one was made. */
export interface OpenedArchive extends AsyncDisposable {
  readonly repository: PackedRepository;
}

type Input = string | AsyncIterable<Uint8Array | string>;

/** @throws FILE_UNUSABLE, ARCHIVE_INVALID, COMPRESSION_UNKNOWN, DISK_FULL */
export async function openArchive(
  input: Input,
  options: OpenArchiveOptions,
): Promise<OpenedArchive> {
  const name = typeof input === 'string' ? input : 'the archive on standard input';
  if (typeof input === 'string' && (await onDisk(input, () => stat(input))).isDirectory()) {
    const repository = await readImages(folderFiles(input));
    if (!repository) throw notImages(name, 'a folder without index.json or manifest.json');
    return { repository, [Symbol.asyncDispose]: async () => {} };
  }
  const plain = await plainFile(input, options);
  try {
    return { repository: await readTarImages(plain.path, name, options), ...plain };
  } catch (error) {
    await plain[Symbol.asyncDispose]();
    throw error;
  }
}

/** Both forms stand in a tar of a new docker; index.json knows the digests. */
async function readImages(files: PackedFiles): Promise<PackedRepository | undefined> {
  const contents = (await readOciArchive(files)) ?? (await readDockerArchive(files));
  return contents && new PackedRepository(files, contents);
}

async function readTarImages(
  path: string,
  name: string,
  options: OpenArchiveOptions,
): Promise<PackedRepository> {
  const signal = options.signal ? { signal: options.signal } : {};
  const tar = await openTar(path, name, signal);
  const found = await readImages(tar);
  if (found) return found;
  const inner = onlyTarIn(tar);
  const part = inner === undefined ? undefined : await locateTarPart(path, inner);
  if (inner !== undefined && part) {
    const within = await openTar(path, `${inner} in ${name}`, { ...signal, part });
    const images = await readImages(within);
    if (images) return images;
  }
  throw notImages(name, kindOf(tar));
}

async function openTar(
  path: string,
  name: string,
  options: Parameters<typeof openTarFiles>[1],
): Promise<TarFiles> {
  try {
    return await openTarFiles(path, { ...options, name });
  } catch (error) {
    // Damage in the first header: not a cut-off tar, but no tar at all.
    if (!isSlipwayError(error, 'ARCHIVE_INVALID') || error.detail.offset !== 0) throw error;
    throw notImages(name, 'not a tar', error);
  }
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
  if (has('repositories')) return 'an archive of docker before 1.10';
  if (has('etc', 'bin', 'usr', 'lib')) return 'the files of a root file system';
  return 'a tar without index.json or manifest.json';
}

function notImages(name: string, what: string, cause?: unknown): SlipwayError {
  const isRoot = what.includes('root file system');
  const isOld = what.includes('1.10');
  const hint = isRoot
    ? 'a root file system has no image config: build it with FROM scratch and ADD of this tar to /'
    : isOld
      ? 'load it with docker and save it again'
      : 'load reads what "slipway save", "docker save" or "podman save" wrote';
  return new SlipwayError('FILE_UNUSABLE', `${name} is not an image archive but ${what}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
    detail: { found: what },
  });
}

interface PlainFile extends AsyncDisposable {
  readonly path: string;
}

async function plainFile(input: Input, options: OpenArchiveOptions): Promise<PlainFile> {
  if (typeof input === 'string' && !(await isCompressed(input))) {
    return { path: input, [Symbol.asyncDispose]: async () => {} };
  }
  const path = options.temporary();
  const dispose = (): Promise<void> => rm(path, { force: true });
  try {
    const source = typeof input === 'string' ? readFileChunks(input, options) : bytesIn(input);
    await onDisk(path, async () => {
      await using file = await open(path, 'wx', 0o600);
      for await (const chunk of decompress(source, options)) await writeAll(file, chunk);
    });
    return { path, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function isCompressed(path: string): Promise<boolean> {
  const chunks: Uint8Array[] = [];
  const range = { offset: 0, length: MAGIC_BYTES };
  for await (const chunk of readFileChunks(path, { range })) chunks.push(chunk);
  return detectCompression(Buffer.concat(chunks)) !== 'none';
}

async function* bytesIn(input: AsyncIterable<Uint8Array | string>): AsyncIterable<Uint8Array> {
  for await (const chunk of input) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
