/**
 * An image that stands in an OCI layout folder or an archive, as a base: its blobs come into the store
 * under the build's lease and get no name.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest, type ImageManifest } from '#core/manifest.ts';
import type { PathPlace } from '#core/place.ts';
import type { Platform } from '#core/platform.ts';
import { familiarReference } from '#core/reference.ts';
import { openArchive } from '#image/archive-open.ts';
import { needFile } from '#image/input-file.ts';
import { selectManifest } from '#image/select.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';
import { readConfig } from '#store/read-config.ts';
import type { BuildSession } from '../session.ts';
import type { BaseImage } from '../state.ts';

export interface ArchiveImage {
  readonly place: PathPlace;
  /** What the build calls it; an image of this name is taken where there are several. */
  readonly name: string;
  /** Which image of an index. */
  readonly platform: Platform;
}

const INDEXES_DEEP = 4;

/** @throws FILE_MISSING, FILE_UNUSABLE, ARCHIVE_INVALID, MANIFEST_UNKNOWN, PLATFORM_UNKNOWN */
export async function archiveImage(session: BuildSession, at: ArchiveImage): Promise<BaseImage> {
  const { store, lease, signal } = session;
  const { path } = at.place;
  await needFile(path);
  await using archive = await openArchive(path, {
    temporary: () => store.paths.temporary('ingest'),
    signal,
  });
  const { repository } = archive;
  const image = await readImage(repository, {
    selector: selectorIn(repository, at),
    platform: at.platform,
    signal,
  });
  const config = await readConfig(repository.blobs, image, { signal });
  const diffIds = config.rootfs.diff_ids;
  const layers = image.layers.map((descriptor, index) => {
    const diffId = diffIds[index];
    if (diffId !== undefined && diffIds.length === image.layers.length) {
      return { descriptor, diffId };
    }
    throw new SlipwayError('MANIFEST_INVALID', `${path}: layers and diff_ids do not match`);
  });
  for (const { descriptor, diffId } of layers) {
    if (store.layers.files(diffId, lease)) continue;
    await fetchBlob(session, repository, descriptor);
  }
  return { imageId: image.config.digest, config, layers };
}

/** What was asked for, else the image with the build's name for it, else the only one. */
function selectorIn(repository: PackedRepository, { place, name }: ArchiveImage): string {
  const selector = place.digest ?? place.name;
  if (selector !== undefined) return selector;
  const { images } = repository;
  const named = images.find((image) => namesOf(image).includes(name));
  const [only] = images;
  const found = named ?? (images.length === 1 ? only : undefined);
  if (found) return found.manifest.digest;
  const there = images.flatMap(namesOf);
  throw new SlipwayError(
    'MANIFEST_UNKNOWN',
    `${place.path} has ${images.length} images, none called ${name}`,
    {
      hint: `say which: ${there.length > 0 ? `name the context ${there.join(' or ')}` : 'add :TAG or @DIGEST to the path'}`,
      detail: { names: there },
    },
  );
}

function namesOf({ names, refNames }: PackedImage): readonly string[] {
  return [...names.map((name) => familiarReference(name).replace(/:latest$/, '')), ...refNames];
}

async function readImage(
  repository: PackedRepository,
  wanted: {
    readonly selector: string;
    readonly platform: Platform;
    readonly signal: AbortSignal;
  },
): Promise<ImageManifest> {
  const { selector, platform, signal } = wanted;
  let raw = await repository.getManifest(selector, { signal });
  for (let depth = 0; depth < INDEXES_DEEP; depth++) {
    const manifest = decodeManifest(raw);
    if (manifest.kind === 'image') return manifest;
    raw = await repository.getManifest(selectManifest(manifest, platform).digest, { signal });
  }
  throw new SlipwayError('MANIFEST_INVALID', 'indexes within indexes');
}

async function fetchBlob(
  { store, lease, signal }: BuildSession,
  from: PackedRepository,
  { digest, size }: Descriptor,
): Promise<void> {
  const blobs = store.blobs(lease);
  if (await blobs.stat(digest)) return;
  await using ingest = await blobs.ingest({ digest, size }, { signal });
  for await (const chunk of from.blobs.read(digest, { signal })) await ingest.write(chunk);
  await ingest.commit({ digest, size });
}
