/**
 * THE copy: pull, push, load and copying between registries are this one function. Three steps:
 * walk (what the image consists of), blobs (what is missing moves, in parallel), manifests (children
 * before parents, the tag last). A name never points at something incomplete.
 */
import type { LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { type EventSink, ignoreEvents, type TransferEvent } from '#core/events.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { Platform } from '#core/platform.ts';
import {
  type BlobInfo,
  type BlobSource,
  canDistrust,
  canMount,
  canReadRaw,
  canReceive,
  canReceiveParts,
  hasParts,
  type RawManifest,
  type Repository,
} from '#core/repository.ts';
import { LARGE_BLOB_BYTES } from '#store/copy-verified.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import { configsOf, type WalkedImage, walkImage } from '#store/walk.ts';
import { type Call, inParallel } from './in-parallel.ts';
import { selectManifest } from './select.ts';
import { sweepingBuffers } from './sweep-buffers.ts';

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
  /** A repository name on the host of `to` that may have a blob already. */
  readonly mountFrom?: (blob: Descriptor) => string | undefined;
  /** Stands between a blob's source and a place that opens it by itself. Absent: nothing does. */
  readonly through?: (blob: BlobInfo, source: BlobSource) => BlobSource;
  /** Absent: everything goes as it is. */
  readonly change?: ImageChange;
  /** Told of each blob that is in `to` for certain. */
  readonly onBlob?: (blob: Descriptor) => void;
  /** Called when all blobs are there and no manifest is yet; what it throws ends the copy. */
  readonly check?: (image: WalkedImage) => Promise<void>;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/** Another form of the image on its way: its layers compressed, say. */
export interface ImageChange {
  /** What goes in place of a blob, itself perhaps; asked for all at once. `from` has it then. */
  readonly blob: (blob: Descriptor, call: Call) => Promise<Descriptor>;
  /** All manifests anew, children first. `changed`: by the digests of what they list now. */
  readonly manifests: (
    image: WalkedImage,
    changed: ReadonlyMap<Digest, Descriptor>,
  ) => readonly RawManifest[];
}

export interface CopyResult {
  /** What the selector named: the index where `platform` chose one of its images. */
  readonly source: Descriptor;
  /** What `to` now has, and `tag` points at. */
  readonly manifest: Descriptor;
  /** Its bytes. */
  readonly raw: RawManifest;
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
  return await copyWalked(image, options);
}

/** The same for who walked already: what the walk leaves out is in `to`. */
export async function copyWalked(
  image: WalkedImage,
  options: Omit<CopyOptions, 'selector' | 'platform'>,
): Promise<CopyResult> {
  const copy: Copy = { ...options, configs: configsOf(image.manifests), changed: new Map() };
  const [transferred, named] = await both(moveBlobs(image, copy), namedIn(options));
  await options.check?.(image);
  const manifests =
    options.change?.manifests(image, copy.changed) ?? image.manifests.map(({ raw }) => raw);
  const last = manifests.at(-1);
  if (!last) throw new Error('invariant broken: a walk without manifests');
  // With all blobs there and the name at it, nobody has to be told anything.
  if (transferred > 0 || named !== last.digest) await putManifests(manifests, options);
  return { source: image.root, manifest: descriptorOf(last), raw: last, transferred };
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
interface Copy extends Omit<CopyOptions, 'selector' | 'platform'> {
  readonly configs: ReadonlySet<Digest>;
  /** What goes in place of blobs. */
  readonly changed: Map<Digest, Descriptor>;
}

/** A blob as the image lists it, and what goes in its place. Events speak of the first. */
interface Moving {
  readonly listed: Descriptor;
  readonly blob: Descriptor;
}

/** Gives the number of those whose bytes had to move. */
async function moveBlobs(image: WalkedImage, options: Copy): Promise<number> {
  for (const blob of image.blobs) report(options, blob, 'waiting', 0);
  const { limit, change, changed } = options;
  using _ = sweepingBuffers();
  const moved = await inParallel(image.blobs, options, async (listed, call) => {
    const blob = change ? await change.blob(listed, call) : listed;
    if (blob.digest !== listed.digest) changed.set(listed.digest, blob);
    const moving = { listed, blob };
    // Who waits is served in order: all are asked for before the first one moves.
    const isThere = await limit(() => findBlob(moving, options, call));
    if (!isThere) await limit(() => moveBlob(moving, options, call));
    options.onBlob?.(blob);
    return !isThere;
  });
  return moved.filter(Boolean).length;
}

async function findBlob({ listed, blob }: Moving, options: Copy, call: Call): Promise<boolean> {
  call.signal.throwIfAborted();
  const there = await options.to.blobs.stat(blob.digest, call);
  if (there) report(options, listed, 'exists', blob.size);
  return there !== undefined;
}

async function moveBlob(moving: Moving, options: Copy, call: Call): Promise<void> {
  call.signal.throwIfAborted();
  if (!(await mountBlob(moving, options, call))) await sendBlob(moving, options, call);
}

async function mountBlob({ listed, blob }: Moving, options: Copy, call: Call): Promise<boolean> {
  const { blobs } = options.to;
  if (!canMount(blobs)) return false;
  const repository = options.mountFrom?.(blob);
  const from = repository === undefined ? {} : { from: repository };
  if (!(await blobs.mount(blob.digest, { ...call, ...from }))) return false;
  report(options, listed, 'mounted', blob.size, from);
  return true;
}

async function sendBlob(moving: Moving, options: Copy, call: Call): Promise<void> {
  const { listed, blob } = moving;
  const { size: total } = blob;
  const onProgress = (bytes: number): void => {
    const isHere = options.direction === 'pull' && bytes === total;
    report(options, listed, isHere ? 'downloaded' : 'transferring', bytes, { total });
  };
  onProgress(0);
  const send = { options, call: { ...call, onProgress } };
  if (!(await sendParts(blob, send))) await sendStream(blob, send);
  report(options, listed, 'done', blob.size);
}

interface Send {
  readonly options: Copy;
  readonly call: Call & { readonly onProgress: (bytes: number) => void };
}

async function sendStream(blob: Descriptor, { options, call }: Send): Promise<void> {
  const { digest, size } = blob;
  const { blobs } = options.to;
  if (canReceive(blobs)) {
    const read: BlobSource = (how) => options.from.blobs.read(digest, { ...call, size, ...how });
    const onDamage = (): boolean =>
      canDistrust(options.from.blobs) && options.from.blobs.distrust(digest);
    await blobs.receive(blob, options.through?.(blob, read) ?? read, { ...call, onDamage });
  } else {
    await using ingest = await blobs.ingest({ digest, size }, call);
    for await (const chunk of readOnce(blob, { options, call })) await ingest.write(chunk);
    await ingest.commit({ digest, size });
  }
}

/** A large blob from files to files, where both places can; else false. */
async function sendParts(blob: Descriptor, { options, call }: Send): Promise<boolean> {
  const [from, to] = [options.from.blobs, options.to.blobs];
  if (blob.size < LARGE_BLOB_BYTES || !hasParts(from) || !canReceiveParts(to)) return false;
  const parts = await from.partsOf(blob.digest);
  if (!parts) return false;
  await to.receiveParts(blob, parts, call);
  return true;
}

/** For a commit that verifies: where the source can, its bytes are not hashed on this side too. */
async function* readOnce(blob: Descriptor, { options, call }: Send): AsyncGenerator<Uint8Array> {
  const { blobs } = options.from;
  const chunks = canReadRaw(blobs)
    ? blobs.readRaw(blob.digest, call)
    : blobs.read(blob.digest, call);
  let current = 0;
  for await (const chunk of chunks) {
    yield chunk;
    current += chunk.byteLength;
    call.onProgress(current);
  }
}

/** Children first, as the walk lists them; the last one gets the tag. */
async function putManifests(
  manifests: readonly RawManifest[],
  options: Pick<CopyOptions, 'to' | 'tag' | 'signal'>,
): Promise<void> {
  const call = options.signal ? { signal: options.signal } : {};
  const tag = options.tag === undefined ? {} : { tag: options.tag };
  for (const [i, raw] of manifests.entries()) {
    const isLast = i === manifests.length - 1;
    await options.to.putManifest(raw, isLast ? { ...call, ...tag } : call);
  }
}

/** What the tag points at in `to` before. */
async function namedIn({
  to,
  tag,
  signal,
}: Pick<CopyOptions, 'to' | 'tag' | 'signal'>): Promise<Digest | undefined> {
  return tag === undefined ? undefined : await resolvedIn(to, tag, signal ? { signal } : {});
}

function report(
  { events = ignoreEvents, direction, configs }: Copy,
  blob: Descriptor,
  state: TransferEvent['state'],
  current: number,
  more: { readonly from?: string; readonly total?: number } = {},
): void {
  const { digest, size } = blob;
  const role = configs.has(digest) ? 'config' : 'layer';
  events({ kind: 'transfer', direction, digest, role, state, current, total: size, ...more });
}
