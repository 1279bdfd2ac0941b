/**
 * Layers as the rest of Slipway uses them: a plain tar (a blob whose digest is the diffID) and its
 * index. A layer that came compressed is inflated here, once, when somebody first needs its files;
 * which compressed blobs belong to a plain tar is remembered, so that nothing is compressed twice.
 */
import { existsSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type LayerCompression, layerCompressionOf } from '#core/media-type.ts';
import type { BlobInfo } from '#core/repository.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { onDisk } from './disk-errors.ts';
import { writeInPlace } from './durable-file.ts';
import { fileSize } from './file-size.ts';
import type { Lease } from './leases.ts';
import { LocalBlobs } from './local-blobs.ts';
import { digestIn, type Metadata, numberOf, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { putUnsynced } from './unsynced.ts';
import { digestMismatch, sizeMismatch } from './verified-read.ts';
import { wholeLayer } from './whole-layer.ts';

/** A layer as manifest and config name it. */
export interface StoredLayer {
  /** Of the blob as stored, that is: perhaps compressed. */
  readonly descriptor: Descriptor;
  /** From the config's `rootfs.diff_ids`. */
  readonly diffId: Digest;
}

/** What a pull made of a layer's blob. */
export interface ArrivedTar {
  readonly codec: LayerCompression;
  /** A finished file of the plain tar; none where the blob is the tar. */
  readonly tar: string;
  /** Of the tar. */
  readonly size: number;
  readonly index: Uint8Array;
  readonly lease: Lease;
}

export interface EnsureOptions {
  readonly lease: Lease;
  readonly signal?: AbortSignal;
}

export class LayerStore {
  readonly #paths: StorePaths;
  readonly #metadata: Metadata;
  /** One inflation per layer at a time in this process; across processes it is only wasted work. */
  readonly #running = new Map<Digest, Promise<void>>();

  /** @internal use LocalStore.layers */
  constructor(paths: StorePaths, metadata: Metadata) {
    this.#paths = paths;
    this.#metadata = metadata;
  }

  /**
   * The layer's files, made from its blob where they are missing, and held by the lease.
   * @throws BLOB_UNKNOWN, DIGEST_MISMATCH (the tar is not what the config says), COMPRESSION_UNKNOWN,
   * ARCHIVE_INVALID, ENTRY_REFUSED
   */
  async ensure(layer: StoredLayer, options: EnsureOptions): Promise<LayerFiles> {
    for (;;) {
      const present = this.files(layer.diffId, options.lease);
      if (present) return present;
      const running = this.#running.get(layer.diffId);
      if (!running) {
        await this.#runAlone(layer, options);
      } else {
        // Somebody else's attempt may be cancelled or fail; then it is this caller's turn.
        await running.catch(() => {});
        options.signal?.throwIfAborted();
      }
    }
  }

  /** The files of a layer that is here whole, with tar and index; held when a lease is given. */
  files(diffId: Digest, lease?: Lease): LayerFiles | undefined {
    lease?.hold(diffId);
    return wholeLayer(this.#paths, diffId);
  }

  /** Adds the index of a tar that is a blob here already. @throws BLOB_UNKNOWN */
  async addIndex(diffId: Digest, index: Uint8Array): Promise<LayerFiles> {
    await writeInPlace(this.#paths.temporary('ingest'), this.#paths.index(diffId), index);
    return this.#present(diffId);
  }

  /** Adds a layer whose blob is here and whose tar and index a pull made on the way (unsynced.ts). */
  async addArrived({ descriptor, diffId }: StoredLayer, made: ArrivedTar): Promise<void> {
    const { codec, tar, size, index, lease } = made;
    lease.hold(diffId);
    if (codec !== 'none') this.rememberCompressed(diffId, codec, descriptor);
    const isThere = fileSize(this.#paths.blob(diffId)) === size;
    if (isThere && this.files(diffId)) return;
    const file = this.#paths.temporary('ingest');
    await onDisk(file, () => writeFile(file, index, { flag: 'wx' }));
    const layer = { diffId, index: file, tar: isThere ? undefined : tar };
    putUnsynced(this.#paths, this.#metadata, layer);
  }

  /**
   * Takes over a finished layer, tar and index, of the same file system; both are gone from their old
   * places afterwards. The tar's digest and size are trusted as in LocalBlobs.adopt. The disk is waited
   * for when a manifest names the layer (unsynced.ts). @throws SIZE_MISMATCH
   */
  async adopt(
    tar: BlobInfo,
    files: { readonly tar: string; readonly index: string },
    lease: Lease,
  ): Promise<LayerFiles> {
    const { digest: diffId } = tar;
    const { size } = statSync(files.tar);
    if (size !== tar.size) throw sizeMismatch({ ...tar, from: files.tar }, size);
    if (this.files(diffId, lease)) for (const file of [files.tar, files.index]) rmSync(file);
    else putUnsynced(this.#paths, this.#metadata, { diffId, ...files });
    return this.#present(diffId);
  }

  /**
   * A compressed form of a plain tar, if it is known and its blob still here. `form`: the codec, with
   * the level behind it where that is not the usual one.
   */
  compressed(diffId: Digest, form: string): Descriptor | undefined {
    const row = this.#metadata.get(
      'SELECT * FROM compressed WHERE diff_id = ? AND codec = ?',
      diffId,
      form,
    );
    if (!row) return undefined;
    const digest = digestIn(row, 'digest');
    if (!existsSync(this.#paths.blob(digest))) return undefined;
    return { mediaType: textOf(row, 'media_type'), digest, size: numberOf(row, 'size') };
  }

  /** Remembers a compressed form; both live as long as either is reachable from a name. */
  rememberCompressed(diffId: Digest, form: string, descriptor: Descriptor): void {
    this.#metadata.run(
      'INSERT OR REPLACE INTO compressed VALUES (?, ?, ?, ?, ?)',
      diffId,
      form,
      descriptor.digest,
      descriptor.size,
      descriptor.mediaType,
    );
  }

  /** @throws BLOB_UNKNOWN */
  #present(diffId: Digest): LayerFiles {
    const files = this.files(diffId);
    if (files) return files;
    throw new SlipwayError('BLOB_UNKNOWN', `layer ${diffId} not found: blob unknown`, {
      detail: { digest: diffId },
    });
  }

  async #runAlone(layer: StoredLayer, options: EnsureOptions): Promise<void> {
    const work = this.#make(layer, options);
    this.#running.set(layer.diffId, work);
    try {
      await work;
    } finally {
      this.#running.delete(layer.diffId);
    }
  }

  async #make(layer: StoredLayer, options: EnsureOptions): Promise<void> {
    const { descriptor, diffId } = layer;
    const codec = codecOf(descriptor);
    options.lease.hold(descriptor.digest);
    const blobs = new LocalBlobs(this.#paths, options.lease);
    const index =
      codec === 'none'
        ? await this.#indexOf(blobs, layer, options)
        : ((await this.#indexOfInflated(blobs, layer, options)) ??
          (await this.#inflate(blobs, layer, options)));
    if (codec !== 'none') this.rememberCompressed(diffId, codec, descriptor);
    await this.addIndex(diffId, index);
  }

  /** The tar is a blob; only the index is missing. */
  async #indexOf(
    blobs: LocalBlobs,
    { descriptor, diffId }: StoredLayer,
    options: EnsureOptions,
  ): Promise<Uint8Array> {
    const isPlain = codecOf(descriptor) === 'none';
    if (isPlain && descriptor.digest !== diffId) {
      throw digestMismatch({ digest: diffId, from: 'layer tar' }, descriptor.digest);
    }
    const { indexTarStream } = await import('#layer/index-tar.ts');
    return (await indexTarStream(blobs.read(diffId, options))).index;
  }

  /** Undefined where the tar is not here, or is damaged: then it is gone after this. */
  async #indexOfInflated(
    blobs: LocalBlobs,
    layer: StoredLayer,
    options: EnsureOptions,
  ): Promise<Uint8Array | undefined> {
    try {
      return await this.#indexOf(blobs, layer, options);
    } catch (error) {
      if (isSlipwayError(error, 'BLOB_UNKNOWN', 'DIGEST_MISMATCH')) return undefined;
      throw error;
    }
  }

  /** One pass: verified compressed bytes → tar → temporary blob and index. */
  async #inflate(
    blobs: LocalBlobs,
    { descriptor, diffId }: StoredLayer,
    options: EnsureOptions,
  ): Promise<Uint8Array> {
    const { indexTarStream } = await import('#layer/index-tar.ts');
    const { decompress } = await import('#archive/compression.ts');
    await using ingest = await blobs.ingest({ digest: diffId }, options);
    const tar = decompress(blobs.read(descriptor.digest, options), options);
    const { index } = await indexTarStream(copying(tar, (chunk) => ingest.write(chunk)));
    try {
      await ingest.commit({ digest: diffId });
    } catch (cause) {
      if (!isSlipwayError(cause, 'DIGEST_MISMATCH')) throw cause;
      throw new SlipwayError(
        'DIGEST_MISMATCH',
        `layer ${descriptor.digest} does not hold the files its image config promises`,
        {
          hint: 'the image was made wrongly; pull another version of it',
          cause,
          detail: cause.detail,
        },
      );
    }
    return index;
  }
}

function codecOf(descriptor: Descriptor): LayerCompression {
  const codec = layerCompressionOf(descriptor.mediaType);
  if (codec !== undefined) return codec;
  throw new SlipwayError(
    'COMPRESSION_UNKNOWN',
    `layer ${descriptor.digest} has the unknown media type ${descriptor.mediaType}`,
    { hint: 'images with such layers can be moved, but not built upon or run' },
  );
}

/** Hands every chunk to `write` before the consumer gets it. */
async function* copying(
  source: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    await write(chunk);
    yield chunk;
  }
}
