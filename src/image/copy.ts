/**
 * THE copy: pull, push, load and copying between registries are this one function. Three steps:
 * walk (what the image consists of), plan (what of it is missing), transfer (blobs in parallel, then
 * manifests, children before parents, the tag last). A name never points at something incomplete.
 */
import type { LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents, type TransferEvent } from '#core/events.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { Platform } from '#core/platform.ts';
import {
  type BlobSource,
  canMount,
  canReadRaw,
  canReceive,
  canReceiveParts,
  hasParts,
  type Repository,
} from '#core/repository.ts';
import { LARGE_BLOB_BYTES } from '#store/copy-verified.ts';
import { configsOf, type WalkedImage, type WalkedManifest, walkImage } from '#store/walk.ts';
import { selectManifest } from './select.ts';

export interface CopyOptions {
  readonly from: Repository;
  /** A tag or digest of `from`. */
  readonly selector: string;
  readonly to: Repository;
  /** The tag to set in `to`; absent: the image is there by digest only. */
  readonly tag?: string;
  /** Of an index, copies only this platform's image, which then stands for it. Absent: everything. */
  readonly platform?: Platform;
  /** How the events are marked. */
  readonly direction: TransferEvent['direction'];
  /** How many blobs move at once, shared with whoever else moves some. */
  readonly limit: LimitFunction;
  /** A repository name on the host of `to` that may have the blobs already. */
  readonly mountFrom?: string;
  /** Called when all blobs are there and no manifest is yet; what it throws ends the copy. */
  readonly check?: (image: WalkedImage) => Promise<void>;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

export interface CopyResult {
  /** What the selector named: the index where `platform` chose one of its images. */
  readonly source: Descriptor;
  /** What `to` now has, and `tag` points at. */
  readonly manifest: Descriptor;
  /** Blobs whose bytes moved. */
  readonly transferred: number;
}

/**
 * @throws MANIFEST_UNKNOWN, NAME_UNKNOWN, PLATFORM_UNKNOWN, BLOB_UNKNOWN, DIGEST_MISMATCH, and what
 * the two places throw. What has arrived by then stays for the next attempt, without a name.
 */
export async function copyImage(options: CopyOptions): Promise<CopyResult> {
  const { platform } = options;
  const image = await walkImage(options.from, {
    selector: options.selector,
    ...(platform ? { choose: (index) => selectManifest(index, platform) } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const copy: Copy = { ...options, configs: configsOf(image.manifests) };
  const [missing, named] = await both(planBlobs(image, copy), namedIn(options));
  await transferBlobs(missing, copy);
  await options.check?.(image);
  const last = lastOf(image);
  // With all blobs there and the name at it, nobody has to be told anything.
  if (missing.length > 0 || named !== last.raw.digest) await putManifests(image, options);
  return { source: image.root, manifest: descriptorOf(last.raw), transferred: missing.length };
}

/** Nothing goes on in the background when one of them fails. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  try {
    return await Promise.all([a, b]);
  } finally {
    await Promise.allSettled([a, b]);
  }
}

/** A copy under way. */
interface Copy extends CopyOptions {
  readonly configs: ReadonlySet<Digest>;
}

/** Asks `to` for every blob. */
async function planBlobs(image: WalkedImage, options: Copy): Promise<readonly Descriptor[]> {
  for (const blob of image.blobs) report(options, blob, 'waiting', 0);
  const found = await inParallel(image.blobs, options, async (blob, call) => {
    const there = await options.to.blobs.stat(blob.digest, call);
    if (there) report(options, blob, 'exists', blob.size);
    return there !== undefined;
  });
  return image.blobs.filter((_, i) => !found[i]);
}

async function transferBlobs(blobs: readonly Descriptor[], options: Copy): Promise<void> {
  await inParallel(blobs, options, async (blob, call) => {
    if (!(await mountBlob(blob, options, call))) await sendBlob(blob, options, call);
  });
}

interface Call {
  readonly signal: AbortSignal;
}

async function mountBlob(blob: Descriptor, options: Copy, call: Call): Promise<boolean> {
  const { mountFrom } = options;
  const { blobs } = options.to;
  if (!canMount(blobs)) return false;
  const from = mountFrom === undefined ? {} : { from: mountFrom };
  if (!(await blobs.mount(blob.digest, { ...call, ...from }))) return false;
  report(options, blob, 'mounted', blob.size, from);
  return true;
}

async function sendBlob(blob: Descriptor, options: Copy, call: Call): Promise<void> {
  if (!(await sendParts(blob, options, call))) await sendStream(blob, options, call);
  report(options, blob, 'done', blob.size);
}

async function sendStream(blob: Descriptor, options: Copy, call: Call): Promise<void> {
  const { digest, size } = blob;
  const { blobs } = options.to;
  if (canReceive(blobs)) {
    const read: BlobSource = (how) => options.from.blobs.read(digest, { ...call, size, ...how });
    const onProgress = (bytes: number): void => report(options, blob, 'transferring', bytes);
    onProgress(0);
    await blobs.receive(blob, read, { ...call, onProgress });
  } else {
    await using ingest = await blobs.ingest({ digest, size }, call);
    for await (const chunk of readOnce(blob, options, call)) await ingest.write(chunk);
    await ingest.commit({ digest, size });
  }
}

/** A large blob from files to files, where both places can; else false. */
async function sendParts(blob: Descriptor, options: Copy, call: Call): Promise<boolean> {
  const [from, to] = [options.from.blobs, options.to.blobs];
  if (blob.size < LARGE_BLOB_BYTES || !hasParts(from) || !canReceiveParts(to)) return false;
  const parts = await from.partsOf(blob.digest);
  if (!parts) return false;
  const onProgress = (bytes: number): void => report(options, blob, 'transferring', bytes);
  onProgress(0);
  await to.receiveParts(blob, parts, { ...call, onProgress });
  return true;
}

/** For a commit that verifies: where the source can, its bytes are not hashed on this side too. */
function readOnce(blob: Descriptor, options: Copy, call: Call): AsyncIterable<Uint8Array> {
  const { blobs } = options.from;
  const chunks = canReadRaw(blobs)
    ? blobs.readRaw(blob.digest, call)
    : blobs.read(blob.digest, call);
  return reported(chunks, blob, options);
}

async function* reported(
  chunks: AsyncIterable<Uint8Array>,
  blob: Descriptor,
  options: Copy,
): AsyncGenerator<Uint8Array> {
  let current = 0;
  report(options, blob, 'transferring', current);
  for await (const chunk of chunks) {
    yield chunk;
    current += chunk.byteLength;
    report(options, blob, 'transferring', current);
  }
}

/** Children first, as the walk lists them; the last one gets the tag. */
async function putManifests(image: WalkedImage, options: CopyOptions): Promise<void> {
  const call = options.signal ? { signal: options.signal } : {};
  const last = lastOf(image);
  for (const { raw } of image.manifests.slice(0, -1)) await options.to.putManifest(raw, call);
  const tag = options.tag === undefined ? {} : { tag: options.tag };
  await options.to.putManifest(last.raw, { ...call, ...tag });
}

function lastOf(image: WalkedImage): WalkedManifest {
  const last = image.manifests.at(-1);
  if (!last) throw new Error('invariant broken: a walk without manifests');
  return last;
}

/** What the tag points at in `to` before. */
async function namedIn({ to, tag, signal }: CopyOptions): Promise<Digest | undefined> {
  if (tag === undefined) return undefined;
  try {
    return (await to.resolve(tag, signal ? { signal } : {})).digest;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}

/** The first failure stops the others, and is the one that is thrown. */
async function inParallel<T>(
  blobs: readonly Descriptor[],
  { limit, signal }: CopyOptions,
  work: (blob: Descriptor, call: Call) => Promise<T>,
): Promise<readonly T[]> {
  const stop = new AbortController();
  const call = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
  const running = blobs.map((blob) =>
    limit(async () => {
      call.signal.throwIfAborted();
      return await work(blob, call);
    }),
  );
  try {
    return await Promise.all(running);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}

function report(
  { events = ignoreEvents, direction, configs }: Copy,
  blob: Descriptor,
  state: TransferEvent['state'],
  current: number,
  more: { readonly from?: string } = {},
): void {
  const { digest, size } = blob;
  const role = configs.has(digest) ? 'config' : 'layer';
  events({ kind: 'transfer', direction, digest, role, state, current, total: size, ...more });
}
