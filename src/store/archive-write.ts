/**
 * Writes images into one tar that `docker load`, `podman load`, skopeo, crane, oras and our own load
 * read (archive-plan.ts says what is in it). The same images give the same bytes, whichever way.
 */
import type { EntrySource } from '#archive/entry.ts';
import { packImageTar } from '#archive/image-tar.ts';
import { displayBytes } from '#core/bytes.ts';
import { type BlobInfo, type CallOptions, type FilePart, hasParts } from '#core/repository.ts';
import type { ArchivedContent, ArchivePlan } from './archive-plan.ts';
import { LARGE_BLOB_BYTES } from './copy-verified.ts';

export interface WriteArchiveOptions {
  /** Gets the bytes in order. */
  readonly sink: (chunk: Uint8Array) => Promise<void>;
  /** The sink is a file in which large blobs can be put in place, several at once. */
  readonly placing?: Placing;
  readonly signal?: AbortSignal;
}

export interface Placing {
  /** Leaves room in the stream for what {@link place} puts there. */
  readonly skip: (bytes: number) => void;
  /** Copies a blob to its place in the file, verified. */
  readonly place: (blob: BlobInfo, how: BlobPlace, call: CallOptions) => Promise<void>;
}

export interface BlobPlace {
  readonly parts: readonly FilePart[];
  /** Bytes from the start of the file. */
  readonly position: number;
}

/** Streams; holds no blob in memory. @throws what the repositories throw; BLOB_UNKNOWN */
export async function writeImageArchive(
  plan: ArchivePlan,
  options: WriteArchiveOptions,
): Promise<void> {
  const { placing, signal } = options;
  if (!placing) return await stream(plan.entries(signal), options);
  const large = await largeContents(plan);
  const stop = new AbortController();
  const call = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
  const apart = new Set(large.map(({ path }) => path));
  const working = [
    stream(withGaps(plan.entries(call.signal), apart), options),
    ...large.map((content) => placeContent(content, placing, call)),
  ];
  try {
    await Promise.all(working);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(working);
    throw error;
  }
}

async function stream(
  entries: Iterable<EntrySource>,
  { sink, placing }: WriteArchiveOptions,
): Promise<void> {
  // While a chunk is being written the next one is read and hashed; chunks are not used again.
  let writing = Promise.resolve();
  try {
    for await (const chunk of packImageTar(entries)) {
      await writing;
      if (isGap(chunk)) placing?.skip(chunk.byteLength);
      else writing = sink(chunk);
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
}

interface LargeContent extends ArchivedContent {
  readonly parts: readonly FilePart[];
}

/** What is worth a thread of its own, and lies in files. */
async function largeContents({ contents }: ArchivePlan): Promise<readonly LargeContent[]> {
  const found = contents.map(async (content) => {
    const { blobs, digest, size } = content;
    const isLarge = size >= LARGE_BLOB_BYTES && blobs !== undefined && hasParts(blobs);
    const parts = isLarge ? await blobs.partsOf(digest) : undefined;
    return parts ? [{ ...content, parts }] : [];
  });
  return (await Promise.all(found)).flat();
}

async function placeContent(
  { digest, size, offset, parts, blobs }: LargeContent,
  { place }: Placing,
  call: CallOptions,
): Promise<void> {
  try {
    await place({ digest, size }, { parts, position: offset }, call);
  } catch (error) {
    // A blob that is gone or damaged: its own store says so, and takes care of it.
    if (!call.signal?.aborted) for await (const _ of blobs?.read(digest, call) ?? []);
    throw error;
  }
}

// A gap runs through the tar's writer as bytes that are never looked at.

const GAP = Buffer.allocUnsafeSlow(1024 * 1024);

function isGap(chunk: Uint8Array): boolean {
  return chunk.buffer === GAP.buffer;
}

function* withGaps(
  entries: Iterable<EntrySource>,
  apart: ReadonlySet<string>,
): Iterable<EntrySource> {
  for (const source of entries) {
    const { entry } = source;
    const isApart = entry.kind === 'file' && apart.has(displayBytes(entry.path));
    yield isApart ? { entry, content: () => gap(entry.size) } : source;
  }
}

function* gap(size: number): Iterable<Uint8Array> {
  for (let left = size; left > 0; left -= GAP.byteLength)
    yield GAP.subarray(0, Math.min(left, GAP.byteLength));
}
