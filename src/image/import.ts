/**
 * `docker import`: a tar of a root file system becomes an image of one layer. The tar is the layer,
 * byte for byte once it is decompressed; it streams into the store while its index is made.
 */
import { decompress } from '#archive/compression.ts';
import { displayPath } from '#archive/entry-path.ts';
import { BLOCK } from '#archive/tar-header.ts';
import { toByteString } from '#core/bytes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import type { ContainerConfig } from '#core/image-config.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import { indexTarStream } from '#layer/index-tar.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { listNewIndex } from '#layer/layer-listing.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import type { StoredLayer } from '#store/layers.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { type WrittenImage, writeImage } from './write-image.ts';

export interface ImportOptions {
  readonly store: LocalStore;
  /** The tar; compressed or not shows in its content. */
  readonly content: AsyncIterable<Uint8Array>;
  /** For messages: how the user calls the content. */
  readonly source: string;
  /** With a tag; absent: an image without a name. */
  readonly name?: Reference;
  readonly config: ContainerConfig;
  readonly platform: Platform;
  /** The comment of the only step of its history. */
  readonly message: string;
  /** ISO 8601. */
  readonly created: string;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/**
 * Nothing stays behind when it fails.
 * @throws FILE_UNUSABLE (no tar), ARCHIVE_INVALID, ENTRY_REFUSED, COMPRESSION_UNKNOWN, DISK_FULL, and
 * what the content throws
 */
export async function importImage(options: ImportOptions): Promise<WrittenImage> {
  const { store, created, message, platform, name } = options;
  await using lease = await store.lease({ purpose: `import ${options.source}` });
  const { descriptor, diffId } = await storeLayer(lease, options);
  const { os, architecture, variant } = platform;
  return await writeImage({
    store,
    lease,
    config: {
      created,
      architecture,
      os,
      ...(variant ? { variant } : {}),
      config: options.config,
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created, comment: message }],
    },
    layers: [descriptor],
    names: name ? [name] : [],
  });
}

async function storeLayer(lease: Lease, options: ImportOptions): Promise<StoredLayer> {
  const { store, content, events = ignoreEvents } = options;
  const signal = options.signal ? { signal: options.signal } : {};
  await using ingest = await store.blobs(lease).ingest(undefined, signal);
  async function* stored(): AsyncGenerator<Uint8Array> {
    for await (const chunk of decompress(content, signal)) {
      await ingest.write(chunk);
      yield chunk;
    }
  }
  const { index, warnings } = await asTar(options.source, () => indexTarStream(stored(), signal));
  refuseLooseLinks(index);
  const { digest, size } = await ingest.commit();
  const files = await store.layers.addIndex(digest, index);
  const notes = holdsImages(files)
    ? [
        ...warnings,
        `${options.source} holds images, not a root file system: "slipway load" reads it`,
      ]
    : warnings;
  for (const text of notes) events({ kind: 'note', level: 'warning', text });
  return { diffId: digest, descriptor: { mediaType: OCI_LAYER, digest, size } };
}

/** Damage in the first block: not a damaged tar, but no tar at all. */
async function asTar<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (
      !isSlipwayError(cause, 'ARCHIVE_INVALID') ||
      Number(cause.detail.offset ?? BLOCK) >= BLOCK
    ) {
      throw cause;
    }
    throw new SlipwayError('FILE_UNUSABLE', `${source} is not a tar archive`, {
      hint: 'import takes a tar, plain or compressed with gzip, zstd, xz or bzip2',
      cause,
    });
  }
}

/** There is no layer below that could hold the other name. @throws ENTRY_REFUSED */
function refuseLooseLinks(index: Uint8Array): void {
  for (const { path, kind } of listNewIndex(index)) {
    if (kind !== 'link') continue;
    throw new SlipwayError(
      'ENTRY_REFUSED',
      `archive entry ${displayPath(path)} is a hard link to a file that is not in the archive`,
      { hint: 'pack the whole root file system, not a part of it' },
    );
  }
}

/** What `save` writes makes a useless image, and docker says nothing. */
function holdsImages(files: LayerFiles): boolean {
  using tree = MergedTree.open([files]);
  const has = (name: string): boolean => tree.lookup(toByteString(name)) !== undefined;
  return has('manifest.json') || (has('oci-layout') && has('index.json'));
}
