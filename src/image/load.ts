/**
 * `docker load`: images from an archive into the local store. What it is shows in its content, never
 * in its name (archive-open.ts). Blobs that the archive leaves out are taken from the store. Nothing
 * incomplete gets a name.
 */
import type { LimitFunction } from 'p-limit';
import type { Digest } from '#core/digest.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import type { Platform } from '#core/platform.ts';
import { repositoryKey } from '#core/reference.ts';
import { NAMELESS } from '#store/images.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';
import type { WalkedImage } from '#store/walk.ts';
import { archiveIncomplete, type Gap } from './archive-gaps.ts';
import { type ArchiveInput, nameOf, openArchive } from './archive-open.ts';
import type { VerifyKey } from './bundle-signature.ts';
import { checkLayers } from './check-layers.ts';
import { copyImage } from './copy.ts';
import { needFile } from './input-file.ts';
import {
  type ArchivedCompanion,
  type CompanionPlace,
  Homes,
  placesOf,
  sortArchive,
} from './load-companions.ts';
import { imageIdOf, lookInto, type Tree } from './load-tree.ts';

export interface LoadOptions {
  readonly store: LocalStore;
  /** A path, volumes, or a stream such as stdin. */
  readonly input: ArchiveInput;
  /** Whose image of an index the image ID is of, and which is loaded where not all are there. */
  readonly platform: Platform;
  /** Loads only this platform's image of an index. Absent: all that are there. */
  readonly only?: Platform;
  readonly limit: LimitFunction;
  /** Loads only what was signed by the holder of this key. */
  readonly verify?: VerifyKey;
  /** Called for each image when it has its names. */
  readonly onLoaded?: (image: ArrivedImage) => void;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/** A loaded image, with what it consists of. */
export interface ArrivedImage extends LoadedImage {
  /** Of its manifest or index, as it is in the store. */
  readonly digest: Digest;
  /** Manifests, configs and layers. */
  readonly blobs: readonly Digest[];
}

/** What one load works with. */
interface Loading extends LoadOptions {
  readonly from: PackedRepository;
  readonly lease: Lease;
  readonly homes: Homes;
}

/**
 * In the order of the archive. Images loaded before a failure stay.
 * @throws FILE_MISSING, FILE_UNUSABLE (not an image archive; says what it is instead),
 * ARCHIVE_INVALID (damaged or cut off), ARCHIVE_INCOMPLETE (images that are complete are loaded
 * first), DIGEST_MISMATCH, MANIFEST_INVALID, PLATFORM_UNKNOWN, DISK_FULL, COMPRESSION_UNKNOWN
 */
export async function loadImages(options: LoadOptions): Promise<readonly ArrivedImage[]> {
  const { store, input, signal } = options;
  if (typeof input === 'string') await needFile(input);
  await using lease = await store.lease({ purpose: 'load' });
  await using archive = await openArchive(input, {
    temporary: () => store.paths.temporary('ingest'),
    ...(options.verify ? { verify: options.verify } : {}),
    ...(signal ? { signal } : {}),
  });
  const from = archive.repository;
  const loading: Loading = { ...options, from, lease, homes: new Homes(store) };
  const { images, companions } = await sortArchive(from, signal);
  const arrived: ArrivedImage[] = [];
  const gaps: Gap[] = [];
  for (const image of images) {
    const found = await loadImage(image, loading);
    if ('missing' in found) {
      gaps.push(found);
      continue;
    }
    arrived.push(found);
    options.onLoaded?.(found);
  }
  gaps.push(...(await loadCompanions(companions, loading)));
  if (gaps.length === 0) return arrived;
  throw archiveIncomplete(gaps, {
    archive: nameOf(input),
    loaded: arrived.length,
    isDelta: (from.bundle?.missing.length ?? 0) > 0,
  });
}

/** The image, or what is missing of it: then nothing of it has a name. */
async function loadImage(image: PackedImage, loading: Loading): Promise<ArrivedImage | Gap> {
  const tree = await lookIntoWith(image, loading);
  if ('missing' in tree) return tree;
  await checkLayers(tree, { ...loading, archive: loading.from.blobs });
  const { names } = image;
  for (const name of names.length > 0 ? names : [undefined]) {
    const repository = name ? repositoryKey(name) : NAMELESS;
    const tag = name?.tag === undefined ? {} : { tag: name.tag };
    await copyTo({ repository, ...tag }, tree, loading);
  }
  const imageId = imageIdOf(tree, loading.platform);
  return { imageId, names, digest: tree.top, blobs: digestsOf(tree) };
}

async function lookIntoWith(image: PackedImage, loading: Loading): Promise<Tree | Gap> {
  return await lookInto(image, { ...loading, blobs: loading.store.blobs(loading.lease) });
}

function digestsOf({ manifests, blobs }: WalkedImage): readonly Digest[] {
  return [...manifests.map(({ raw }) => raw.digest), ...blobs.map(({ digest }) => digest)];
}

async function copyTo(place: CompanionPlace, tree: Tree, loading: Loading): Promise<void> {
  const { repository, tag } = place;
  const { from, store, lease, limit, events } = loading;
  await copyImage({
    from,
    selector: tree.top,
    to: store.repository({ space: 'images', name: repository, lease }),
    ...(tag === undefined ? {} : { tag }),
    direction: 'load',
    limit,
    ...(events ? { events } : {}),
    ...callOf(loading),
  });
  for (const { raw } of tree.manifests) loading.homes.add(raw.digest, repository);
}

/** Each when its subject has a place. What has none is left out, aloud. */
async function loadCompanions(
  companions: readonly ArchivedCompanion[],
  loading: Loading,
): Promise<readonly Gap[]> {
  const gaps: Gap[] = [];
  let waiting = companions;
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length;
    const later: ArchivedCompanion[] = [];
    for (const companion of waiting) {
      const places = placesOf(companion, loading.homes);
      if (places.length === 0) later.push(companion);
      else gaps.push(...(await loadCompanion(companion, places, loading)));
    }
    waiting = later;
  }
  for (const { image, subject } of waiting) {
    const text = `${image.manifest.digest} was left out: it is about ${subject}, which is not here`;
    (loading.events ?? ignoreEvents)({ kind: 'note', level: 'warning', text });
  }
  return gaps;
}

async function loadCompanion(
  { image }: ArchivedCompanion,
  places: readonly CompanionPlace[],
  loading: Loading,
): Promise<readonly Gap[]> {
  const tree = await lookIntoWith(image, loading);
  if ('missing' in tree) return [tree];
  for (const place of places) await copyTo(place, tree, loading);
  return [];
}

function callOf({ signal }: LoadOptions): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}
