/**
 * The store's blobs for who fetches from a registry: what breaks off stays in partials/ and is gone on
 * with, by this process or a later one; layers are inflated and indexed while they come.
 */
import { rm } from 'node:fs/promises';
import { algorithmOf, type Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type LayerCompression, layerCompressionOf } from '#core/media-type.ts';
import type { AnnouncedBlob, BlobReceiver, BlobSource, ReceiveOptions } from '#core/repository.ts';
import { lockArrival } from './arrival-lock.ts';
import { fillPartial } from './fill-partial.ts';
import { type Intake, takeIn } from './layer-intake.ts';
import type { LayerStore } from './layers.ts';
import type { Lease } from './leases.ts';
import { LocalBlobs } from './local-blobs.ts';
import type { Metadata } from './metadata.ts';
import { journalOf, PartialFile } from './partial-file.ts';
import type { StorePaths } from './paths.ts';
import { digestMismatch } from './verified-read.ts';

/** What came under a layer's media type: the digest of its tar, or why there is none. */
export type ArrivedLayer =
  | { readonly diffId: Digest }
  | { readonly diffId?: undefined; readonly refusal: SlipwayError };

export interface ArrivingOptions {
  readonly paths: StorePaths;
  readonly metadata: Metadata;
  readonly layers: LayerStore;
  readonly lease: Lease;
}

export interface ArriveOptions extends ReceiveOptions {
  /** Told of the file that is being filled; a second time when what it had from before was wrong. */
  readonly onPartial?: (partial: PartialFile) => void;
  /** Asks the source for one stretch at a time, however slow it is. */
  readonly oneConnection?: boolean;
}

export class ArrivingBlobs extends LocalBlobs implements BlobReceiver {
  /** Those that came through here. */
  readonly arrived = new Map<Digest, ArrivedLayer>();
  readonly #options: ArrivingOptions;

  /** @internal use LocalStore.arrivingBlobs */
  constructor(options: ArrivingOptions) {
    super(options.paths, options.lease);
    this.#options = options;
  }

  async receive(
    blob: AnnouncedBlob,
    source: BlobSource,
    options: ArriveOptions = {},
  ): Promise<void> {
    if (blob.size > BLOB_BYTES_MAX) throw tooLarge(blob);
    const file = this.#options.paths.partial(blob.digest);
    const isNeeded = async (): Promise<boolean> => (await this.stat(blob.digest)) === undefined;
    const { signal } = options;
    const lock = { file, isNeeded, ...(signal ? { signal } : {}) };
    await using held = await lockArrival(this.#options.metadata, blob.digest, lock);
    if (!held || !(await isNeeded())) return;
    this.#options.lease.hold(blob.digest);
    for (;;) if ((await this.#attempt(blob, source, options)) === 'stored') return;
  }

  /**
   * `damaged`: nothing is left of it, and another attempt may do better. What an earlier process, or a
   * power cut, left may be wrong: the next one is without it. Else somebody else is asked, as long as
   * there are others. @throws DIGEST_MISMATCH, SIZE_MISMATCH
   */
  async #attempt(
    blob: AnnouncedBlob,
    source: BlobSource,
    options: ArriveOptions,
  ): Promise<'stored' | 'damaged'> {
    const { paths } = this.#options;
    const { digest, size } = blob;
    const tar = paths.temporary('ingest');
    await using partial = await PartialFile.open(paths.partial(digest), size);
    const isFresh = partial.received === 0;
    const mayRepeat = (): boolean => !isFresh || options.onDamage?.() === true;
    options.onPartial?.(partial);
    try {
      const intake = await arrive(partial, { blob, tar, source, options });
      if (intake.digest === digest) {
        await this.#store(partial, { blob, tar, intake });
        return 'stored';
      }
      partial.discard();
      if (mayRepeat()) return 'damaged';
      throw digestMismatch({ digest, from: 'the content received' }, intake.digest);
    } catch (error) {
      // A registry that gives nothing from here on may give all of it.
      if (!isSlipwayError(error, 'SIZE_MISMATCH') || !mayRepeat()) throw error;
      partial.discard();
      return 'damaged';
    } finally {
      await rm(tar, { force: true });
    }
  }

  async #store(
    partial: PartialFile,
    {
      blob,
      tar,
      intake,
    }: { readonly blob: AnnouncedBlob; readonly tar: string; readonly intake: Intake },
  ): Promise<void> {
    await partial.settle();
    await this.adopt(partial.path, blob);
    await rm(journalOf(partial.path), { force: true });
    const codec = codecOf(blob);
    const { layer, refusal } = intake;
    if (refusal) this.arrived.set(blob.digest, { refusal });
    if (!layer || codec === undefined) return;
    const descriptor = { mediaType: blob.mediaType ?? '', digest: blob.digest, size: blob.size };
    await this.#options.layers.addArrived(
      { descriptor, diffId: layer.diffId },
      { ...layer, codec, tar, lease: this.#options.lease },
    );
    this.arrived.set(blob.digest, { diffId: layer.diffId });
  }
}

/** What no layer is; a manifest may say anything. */
const BLOB_BYTES_MAX = 2 ** 40;

function tooLarge({ digest, size }: AnnouncedBlob): SlipwayError {
  return new SlipwayError('MANIFEST_INVALID', `manifest invalid: blob ${digest} of ${size} bytes`, {
    hint: 'blobs of more than a tebibyte are not fetched: the image was made wrongly',
  });
}

/** Fetches and takes in at the same time. */
async function arrive(
  partial: PartialFile,
  work: {
    readonly blob: AnnouncedBlob;
    readonly tar: string;
    readonly source: BlobSource;
    readonly options: ArriveOptions;
  },
): Promise<Intake> {
  const { blob, tar, source, options } = work;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const codec = codecOf(blob);
  const intake = takeIn(partial.inOrder(), {
    digest: blob.digest,
    tar,
    signal,
    ...(codec === undefined ? {} : { codec }),
  });
  const { onProgress, oneConnection = false } = options;
  const filling = fillPartial(partial, {
    source,
    signal,
    oneConnection,
    ...(onProgress ? { onProgress } : {}),
  });
  // Whoever fails first stops the other, and is the one that is told of.
  filling.catch((error: unknown) => partial.fail(error));
  intake.catch((error: unknown) => stop.abort(error));
  try {
    const [found] = await Promise.all([intake, filling]);
    return found;
  } finally {
    await Promise.allSettled([intake, filling]);
  }
}

/** Layers are hashed by sha256: another digest says nothing of the tar's. */
function codecOf({ mediaType, digest }: AnnouncedBlob): LayerCompression | undefined {
  const codec = layerCompressionOf(mediaType ?? '');
  return codec === 'none' && algorithmOf(digest) !== 'sha256' ? undefined : codec;
}
