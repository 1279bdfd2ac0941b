/**
 * A blob on its way in, looked at once: its own digest and, of a layer, the plain tar with its digest
 * and index. Written in one pass while the bytes still come.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { algorithmOf, createHasher, type Digest } from '#core/digest.ts';
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import type { LayerCompression } from '#core/media-type.ts';
import { onDisk } from './disk-errors.ts';
import { writeAll } from './durable-file.ts';
import { Slots } from './slots.ts';

export interface IntakeOptions {
  /** Of the blob, as announced: says how to hash it. */
  readonly digest: Digest;
  /** How the bytes of a layer are compressed. Absent: it is no layer. */
  readonly codec?: LayerCompression;
  /** Where the plain tar goes; nothing is there yet. */
  readonly tar: string;
  readonly signal?: AbortSignal;
}

export interface Intake {
  /** What the bytes hash to. */
  readonly digest: Digest;
  readonly layer?: IntakeLayer;
  /** Why that which came as a layer is none. */
  readonly refusal?: SlipwayError;
}

export interface IntakeLayer {
  readonly diffId: Digest;
  /** Of the tar. */
  readonly size: number;
  readonly index: Uint8Array;
}

/** Content of which no layer can be made; as a blob it may be right. */
const REFUSALS = [
  'ARCHIVE_INVALID',
  'ENTRY_REFUSED',
  'EXPANSION_REFUSED',
  'COMPRESSION_UNKNOWN',
] as const;

/** Inflating takes a processor whole: more at once than there are would only take memory. */
const slots = new Slots(Math.max(2, Math.min(availableParallelism(), 4)));

/** Reads to the end, whatever the content is. @throws what `source` throws, DISK_FULL */
export async function takeIn(
  source: AsyncIterable<Uint8Array>,
  options: IntakeOptions,
): Promise<Intake> {
  const hasher = createHasher(algorithmOf(options.digest));
  const bytes = hashed(source, hasher);
  const { codec } = options;
  if (codec === undefined) {
    await drain(bytes);
    return { digest: hasher.digest() };
  }
  try {
    using _ = await slots.take();
    const layer = await takeLayer(bytes, { ...options, codec });
    await drain(bytes);
    const digest = hasher.digest();
    return { digest, layer: { ...layer, diffId: codec === 'none' ? digest : layer.diffId } };
  } catch (error) {
    if (!isSlipwayError(error, ...REFUSALS)) throw error;
    await drain(bytes);
    return { digest: hasher.digest(), refusal: error };
  }
}

async function takeLayer(
  bytes: AsyncIterable<Uint8Array>,
  { codec, tar, signal }: IntakeOptions & { readonly codec: LayerCompression },
): Promise<IntakeLayer> {
  const { indexTarStream } = await import('#layer/index-tar.ts');
  const call = signal ? { signal } : {};
  const diffIds = createHasher();
  if (codec === 'none') {
    const { index, tarSize } = await indexTarStream(bytes, call);
    // Its own digest is the blob's, which is known at the end.
    return { diffId: diffIds.digest(), size: tarSize, index };
  }
  const { decompress } = await import('#archive/compression.ts');
  await using file = await onDisk(tar, () => open(tar, 'wx', 0o644));
  const plain = written(hashed(decompress(bytes, call), diffIds), { file, path: tar });
  const { index, tarSize } = await indexTarStream(plain, call);
  return { diffId: diffIds.digest(), size: tarSize, index };
}

/** The source stays open when its reader leaves early: there may be more to hash. */
function hashed(
  source: AsyncIterable<Uint8Array>,
  hasher: { update(bytes: Uint8Array): void },
): AsyncIterableIterator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const iterator: AsyncIterableIterator<Uint8Array> = {
    async next() {
      const next = await chunks.next();
      if (next.done !== true) hasher.update(next.value);
      return next;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

/** The write of each chunk runs while its consumer works on it. */
async function* written(
  source: AsyncIterable<Uint8Array>,
  { file, path }: { readonly file: FileHandle; readonly path: string },
): AsyncGenerator<Uint8Array> {
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of source) {
      await writing;
      writing = onDisk(path, () => writeAll(file, chunk));
      writing.catch(() => {});
      yield chunk;
    }
  } finally {
    await writing;
  }
}
