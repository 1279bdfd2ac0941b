/**
 * `docker load`: images from an archive into the local store. What it is shows in its content, never
 * in its name: a tar (plain, gzip or zstd; alone or wrapped in another tar) or a folder, in OCI layout
 * or docker-archive form.
 */
import type { LimitFunction } from 'p-limit';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import type { Platform } from '#core/platform.ts';
import { repositoryKey } from '#core/reference.ts';
import { NAMELESS } from '#store/images.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';
import { isComplete } from '#store/walk.ts';
import { openArchive } from './archive-open.ts';
import { copyImage } from './copy.ts';
import { needFile } from './input-file.ts';
import { resolveImage } from './resolve.ts';

export interface LoadOptions {
  readonly store: LocalStore;
  /** A path, or a stream such as stdin. */
  readonly input: string | AsyncIterable<Uint8Array | string>;
  /** Which image of an index whose other images are not in the archive. */
  readonly platform: Platform;
  readonly limit: LimitFunction;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/**
 * In the order of the archive. Images loaded before a failure stay.
 * @throws FILE_MISSING, FILE_UNUSABLE (not an image archive; says what it is instead),
 * ARCHIVE_INVALID (damaged or cut off), DIGEST_MISMATCH, DISK_FULL, COMPRESSION_UNKNOWN
 */
export async function loadImages(options: LoadOptions): Promise<readonly LoadedImage[]> {
  const { store, input } = options;
  if (typeof input === 'string') await needFile(input);
  await using lease = await store.lease({ purpose: 'load' });
  await using archive = await openArchive(input, {
    temporary: () => store.paths.temporary('ingest'),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const loaded: LoadedImage[] = [];
  for (const image of archive.repository.images) {
    loaded.push(await loadWhole(archive.repository, image, { ...options, lease }));
  }
  return loaded;
}

/** What an archive lists and does not have was cut off, or never put in. */
async function loadWhole(
  from: PackedRepository,
  image: PackedImage,
  options: LoadOptions & { readonly lease: Lease },
): Promise<LoadedImage> {
  try {
    return await loadImage(from, image, options);
  } catch (cause) {
    if (!isSlipwayError(cause, 'MANIFEST_UNKNOWN', 'BLOB_UNKNOWN')) throw cause;
    throw new SlipwayError('ARCHIVE_INVALID', `the archive is not complete: ${cause.message}`, {
      hint: 'it was cut off on its way or saved in part: save or copy it again',
      cause,
      detail: cause.detail,
    });
  }
}

async function loadImage(
  from: PackedRepository,
  { manifest, names }: PackedImage,
  options: LoadOptions & { readonly lease: Lease },
): Promise<LoadedImage> {
  const { store, lease, platform, limit, events, signal } = options;
  // docker saves indexes of which it has one platform only.
  const isWhole = await isComplete(from, manifest.digest, signal);
  const places = names.length > 0 ? names : [undefined];
  const anyPlatform = { store, lease, platform, orAnyPlatform: true };
  let imageId: Digest | undefined;
  for (const name of places) {
    const to = store.repository({
      space: 'images',
      name: name ? repositoryKey(name) : NAMELESS,
      lease,
    });
    const copied = await copyImage({
      from,
      selector: manifest.digest,
      to,
      ...(name?.tag === undefined ? {} : { tag: name.tag }),
      ...(isWhole ? {} : { platform }),
      direction: 'pull',
      limit,
      ...(events ? { events } : {}),
      ...(signal ? { signal } : {}),
    });
    imageId ??= (await resolveImage(copied.manifest.digest, anyPlatform)).imageId;
  }
  if (imageId === undefined) throw new Error('invariant broken: an image loaded nowhere');
  return { imageId, names };
}
