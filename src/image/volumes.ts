/**
 * Writes an archive as volumes `x.tar.001`, `x.tar.002` …, which one after the other are the archive,
 * with `x.tar.volumes.json` (volumes-document.ts) and `x.tar.sha256` for `sha256sum -c` beside them.
 * The list is written last: a set with a list is complete. Volumes that are there and right are kept,
 * so an interrupted save goes on, and a volume that was lost can be written alone.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseByteSize } from '#core/byte-size.ts';
import { createHasher, encodedOf, type Hasher } from '#core/digest.ts';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import type { BundleDocument } from '#store/bundle-document.ts';
import { onDisk } from '#store/disk-errors.ts';
import {
  bundleId,
  decodeVolumes,
  encodeVolumes,
  VOLUMES_MAX,
  type Volume,
  type VolumesDocument,
} from '#store/volumes-document.ts';
import { FileWriter } from './file-writer.ts';
import { needPlace, type OutputOptions } from './output-file.ts';

/** The largest file of FAT32, on which most sticks are formatted. */
const FAT32_FILE_BYTES_MAX = 4 * 1024 ** 3 - 1;

export interface VolumeOptions {
  /** `4G`, as in --volume-size. */
  readonly size: string;
  /** Numbers from 1; absent: all of them. */
  readonly only?: ReadonlySet<number>;
}

export interface WriteVolumesOptions extends Pick<OutputOptions, 'write'> {
  /** Of the archive that the volumes make up. */
  readonly path: string;
  readonly volumes: VolumeOptions;
  readonly bundle: BundleDocument;
  readonly signature?: Uint8Array;
  /** Of the whole archive, known before it is written. */
  readonly sizeBytes: number;
  readonly events?: EventSink;
}

function volumesPath(path: string): string {
  return `${path}.volumes.json`;
}

/** @throws USAGE, VOLUME_MISSING (no such number), NAME_CONFLICT (another archive's volumes are there) */
export async function writeVolumes(options: WriteVolumesOptions): Promise<void> {
  const { path, volumes, bundle, signature, sizeBytes } = options;
  const volumeBytes = volumeBytesOf(volumes.size);
  const count = Math.ceil(sizeBytes / volumeBytes);
  if (count > VOLUMES_MAX) throw tooMany(count, sizeBytes);
  needNumbers(volumes.only, count);
  const cutter = new VolumeCutter({ ...options, volumeBytes, count });
  await needPlace(path);
  await setOldListAside(options, volumeBytes);
  await using _ = cutter;
  await options.write((chunk) => cutter.write(chunk));
  const written = await cutter.finish();
  const signed = signature ? { signature } : {};
  const document = { id: bundleId(bundle), bundle, ...signed, volumeBytes, volumes: written };
  await removeRest(path, written);
  await writeWhole(`${path}.sha256`, Buffer.from(checksums(written)));
  await writeWhole(volumesPath(path), encodeVolumes(document));
}

/** 4G is the usual wish, and one byte too many for the file system it is wished for. */
function volumeBytesOf(size: string): number {
  const bytes = parseByteSize(size, { flag: '--volume-size', min: 1 });
  return bytes === FAT32_FILE_BYTES_MAX + 1 ? FAT32_FILE_BYTES_MAX : bytes;
}

function tooMany(count: number, sizeBytes: number): SlipwayError {
  const least = Math.ceil(sizeBytes / VOLUMES_MAX / 1024);
  return new SlipwayError('USAGE', `the archive would have ${count} volumes`, {
    hint: `choose a larger --volume-size, ${least}k at least`,
  });
}

function needNumbers(only: ReadonlySet<number> | undefined, count: number): void {
  const beyond = [...(only ?? [])].find((number) => number > count);
  if (beyond === undefined) return;
  throw new SlipwayError(
    'VOLUME_MISSING',
    `there is no volume ${beyond}, the archive has ${count}`,
    {
      hint: `give numbers from 1 to ${count}`,
    },
  );
}

/** While volumes are changed, no list may call them complete. */
async function setOldListAside(
  { path, bundle, volumes }: WriteVolumesOptions,
  volumeBytes: number,
): Promise<void> {
  const old = await readOldList(volumesPath(path));
  const isSame = old?.id === bundleId(bundle) && old.volumeBytes === volumeBytes;
  if (isSame) return;
  if (old && volumes.only) {
    throw new SlipwayError(
      'NAME_CONFLICT',
      `${volumesPath(path)} lists the volumes of another archive`,
      {
        hint: 'give the images, --platform, --have and --volume-size of that archive, or save all volumes again',
        detail: { there: old.id, now: bundleId(bundle) },
      },
    );
  }
  await rm(volumesPath(path), { force: true });
}

async function readOldList(path: string): Promise<VolumesDocument | undefined> {
  try {
    return decodeVolumes(await onDisk(path, () => readFile(path)), path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || isSlipwayError(error, 'ARCHIVE_INVALID')) return undefined;
    throw error;
  }
}

/** Volumes of an earlier, larger set: those whose numbers go on where ours end, nobody else's files. */
async function removeRest(path: string, written: readonly Volume[]): Promise<void> {
  const folder = dirname(path);
  const there = new Set(await onDisk(path, () => readdir(folder)));
  for (let number = written.length + 1; ; number += 1) {
    const name = volumeName(path, number, written.length);
    if (!there.has(name)) return;
    await onDisk(path, () => rm(join(folder, name)));
  }
}

/** `x.tar.007` of a set of up to 999, `x.tar.0007` of a larger one. */
function volumeName(path: string, number: number, count: number): string {
  const digits = Math.max(3, String(count).length);
  return `${basename(path)}.${String(number).padStart(digits, '0')}`;
}

function checksums(volumes: readonly Volume[]): string {
  return volumes.map(({ name, digest }) => `${encodedOf(digest)}  ${name}\n`).join('');
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await FileWriter.open(path);
  await file.write(bytes);
  await file.commit();
}

/** Distributes one stream over the volumes. */
class VolumeCutter implements AsyncDisposable {
  readonly #options: WriteVolumesOptions & { readonly volumeBytes: number; readonly count: number };
  readonly #done: Volume[] = [];
  #current: OpenVolume | undefined;
  #offset = 0;

  constructor(options: WriteVolumesOptions & { volumeBytes: number; count: number }) {
    this.#options = options;
  }

  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      this.#current ??= await this.#open();
      const { hasher, file, end } = this.#current;
      const part = rest.subarray(0, end - this.#offset);
      const written = file?.write(part);
      hasher.update(part);
      await written;
      this.#offset += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (this.#offset === end) await this.#close(this.#current);
    }
  }

  async finish(): Promise<readonly Volume[]> {
    if (this.#offset === this.#options.sizeBytes) return this.#done;
    throw new Error(`invariant broken: an archive of ${this.#offset} bytes was not planned so`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.file?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<OpenVolume> {
    const { path, volumes, sizeBytes, volumeBytes, count } = this.#options;
    const number = this.#done.length + 1;
    const name = volumeName(path, number, count);
    const size = Math.min(volumeBytes, sizeBytes - this.#offset);
    const isWanted = volumes.only?.has(number) ?? true;
    return {
      name,
      offset: this.#offset,
      end: this.#offset + size,
      hasher: createHasher(),
      file: isWanted
        ? await FileWriter.open(join(dirname(path), name), { reuseSize: size })
        : undefined,
    };
  }

  async #close({ name, offset, end, hasher, file }: OpenVolume): Promise<void> {
    const size = end - offset;
    await file?.commit();
    this.#current = undefined;
    this.#done.push({ name, offset, size, digest: hasher.digest() });
    if (!file || file.keptBytes === 0) return;
    const kept = file.keptBytes === size ? 'kept, it was right' : `${file.keptBytes} bytes kept`;
    const { events = ignoreEvents } = this.#options;
    events({ kind: 'note', level: 'info', text: `${name}: ${kept}` });
  }
}

interface OpenVolume {
  readonly name: string;
  readonly offset: number;
  readonly end: number;
  readonly hasher: Hasher;
  /** Absent: it is not wanted, only counted. */
  readonly file: FileWriter | undefined;
}
