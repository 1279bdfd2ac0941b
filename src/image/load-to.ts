/**
 * `load --to`: the images of an archive straight into a registry, without a copy in the local store.
 * Everything is looked at first (which names, whether all blobs are there), then images are copied as
 * by every push. What points at an image (a signature, an SBOM) follows it by digest.
 */
import type { LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import { decodeManifest } from '#core/manifest.ts';
import type { Platform } from '#core/platform.ts';
import { familiarReference, type Reference } from '#core/reference.ts';
import { type BlobStore, type CallOptions, canMount, type Repository } from '#core/repository.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';
import { type WalkedImage, walkImage } from '#store/walk.ts';
import { copyImage } from './copy.ts';
import { type Destination, placeOf } from './destination.ts';
import { chooserFor, imageIdOf } from './load-tree.ts';

export interface LoadToOptions {
  readonly from: PackedRepository;
  readonly destination: Destination;
  /** A repository of the destination's registry, by its path; called once for each. */
  readonly open: (repository: string) => Promise<Repository>;
  /** Which image of an index whose other images are not in the archive. */
  readonly platform: Platform;
  readonly limit: LimitFunction;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/**
 * In the order of the archive; `names` are those in the registry. Images sent before a failure stay.
 * @throws ARCHIVE_INCOMPLETE (blobs that neither the archive nor the registry has), NAME_CONFLICT
 * (two images for one name), IMAGE_UNKNOWN (no image has a name), and what the registry throws
 */
export async function loadToRegistry(options: LoadToOptions): Promise<readonly LoadedImage[]> {
  const { platform: _, ...copying } = options;
  const planned = await planImages(options);
  const remotes = new Map<string, Promise<Repository>>();
  const remoteAt = (repository: string): Promise<Repository> => {
    const remote = remotes.get(repository) ?? options.open(repository);
    remotes.set(repository, remote);
    return remote;
  };
  await needBlobs(planned, options, remoteAt);
  let before: string | undefined;
  for (const { places, walked } of planned) {
    for (const place of places) {
      const { repository, tag } = place;
      await copyImage({
        ...copying,
        selector: walked.top,
        to: await remoteAt(repository),
        ...(tag === undefined ? {} : { tag }),
        ...(before === undefined || before === repository ? {} : { mountFrom: () => before }),
        direction: 'push',
      });
      before = repository;
    }
  }
  return planned.flatMap(({ walked, places }) => {
    const names = places.filter(({ tag }) => tag !== undefined);
    return names.length === 0 ? [] : [{ imageId: walked.imageId, names }];
  });
}

interface PlannedImage {
  readonly image: PackedImage;
  /** Where it goes; without a tag it is there by digest only. */
  readonly places: readonly Reference[];
  readonly walked: WalkedArchiveImage;
}

interface WalkedArchiveImage extends WalkedImage {
  /** What is sent: the whole, or the image of an index that is there. */
  readonly top: Digest;
  readonly imageId: Digest;
}

async function planImages(options: LoadToOptions): Promise<readonly PlannedImage[]> {
  const { from, destination } = options;
  const named: PlannedImage[] = [];
  const nameless: PlannedImage[] = [];
  for (const image of from.images) {
    const walked = await walkArchived(image, options);
    const places = image.names.map((name) => placeOf(name, destination));
    (places.length > 0 ? named : nameless).push({ image, places, walked });
  }
  refuseConflicts(named);
  return [...named, ...placeCompanions(named, nameless, options)];
}

async function walkArchived(
  { manifest: { digest } }: PackedImage,
  { from, platform, signal }: LoadToOptions,
): Promise<WalkedArchiveImage> {
  const walked = await walkImage(from, {
    selector: digest,
    ...(await chooserFor(digest, { from, platform })),
    ...(signal ? { signal } : {}),
  });
  const top = walked.manifests.at(-1)?.raw.digest ?? digest;
  return { ...walked, top, imageId: imageIdOf(walked, platform) };
}

/** Names of two registries may meet under one path; the later one would win in silence. */
function refuseConflicts(named: readonly PlannedImage[]): void {
  const taken = new Map<string, PackedImage>();
  for (const { image, places } of named) {
    for (const place of places) {
      const name = familiarReference(place);
      const other = taken.get(name);
      if (other && other.manifest.digest !== image.manifest.digest) {
        throw new SlipwayError('NAME_CONFLICT', `two images of the archive would become ${name}`, {
          hint: 'keep them apart with --map, for example --map docker.io=hub',
          detail: { name, digests: [other.manifest.digest, image.manifest.digest] },
        });
      }
      taken.set(name, image);
    }
  }
}

/** What has no name goes to where its subject is; without one there is no place for it. */
function placeCompanions(
  named: readonly PlannedImage[],
  nameless: readonly PlannedImage[],
  { events = ignoreEvents, destination }: LoadToOptions,
): readonly PlannedImage[] {
  const homes = new Map<Digest, Map<string, Reference>>();
  const settle = ({ walked, places }: PlannedImage): void => {
    for (const { raw } of walked.manifests) {
      const known = homes.get(raw.digest) ?? new Map<string, Reference>();
      for (const { registry, repository } of places) {
        known.set(repository, { registry, repository });
      }
      homes.set(raw.digest, known);
    }
  };
  named.forEach(settle);
  const placed: PlannedImage[] = [];
  let waiting = nameless;
  // A signature of an SBOM comes after the SBOM, wherever the archive lists it.
  for (let count = -1; count !== placed.length; ) {
    count = placed.length;
    const rest: PlannedImage[] = [];
    for (const one of waiting) {
      const subject = subjectOf(one);
      const places = [...(homes.get(subject ?? one.image.manifest.digest)?.values() ?? [])];
      if (places.length === 0) rest.push(one);
      else placed.push({ ...one, places });
    }
    placed.slice(count).forEach(settle);
    waiting = rest;
  }
  if (named.length === 0 && waiting.length > 0) throw noName(waiting, destination);
  for (const { image } of waiting) {
    const text = `${image.manifest.digest} has no name and was left out`;
    events({ kind: 'note', level: 'warning', text });
  }
  return placed;
}

function subjectOf({ walked }: PlannedImage): Digest | undefined {
  const top = walked.manifests.at(-1);
  return top && decodeManifest(top.raw).subject?.digest;
}

function noName([first]: readonly PlannedImage[], { registry }: Destination): SlipwayError {
  const digest = first?.image.manifest.digest;
  return new SlipwayError('IMAGE_UNKNOWN', 'no image of the archive has a name', {
    hint: `load it, give it one with "slipway tag ${first?.walked.imageId} ${registry}/NAME" and push that`,
    detail: { digest },
  });
}

/** Before anything is sent: an archive of differences is of use only where the rest is. */
async function needBlobs(
  planned: readonly PlannedImage[],
  { from, limit, signal }: LoadToOptions,
  remoteAt: (repository: string) => Promise<Repository>,
): Promise<void> {
  const call = signal ? { signal } : {};
  const missing = new Set<Digest>();
  for (const { walked, places } of planned) {
    const absent: Descriptor[] = [];
    for (const blob of walked.blobs) {
      if (!(await from.blobs.stat(blob.digest, call))) absent.push(blob);
    }
    for (const { repository } of absent.length > 0 ? places : []) {
      const { blobs } = await remoteAt(repository);
      const found = await Promise.all(
        absent.map(({ digest }) => limit(() => isAt(blobs, digest, call))),
      );
      for (const [i, blob] of absent.entries()) if (!found[i]) missing.add(blob.digest);
    }
  }
  if (missing.size === 0) return;
  throw new SlipwayError(
    'ARCHIVE_INCOMPLETE',
    `neither the archive nor the registry has ${missing.size} of the blobs: ${[...missing].join(', ')}`,
    {
      hint: 'save again with --have registry://… of this registry, or without --have',
      detail: { missing: [...missing] },
    },
  );
}

/** Also when another repository of the registry has it and lends it. */
async function isAt(blobs: BlobStore, digest: Digest, call: CallOptions): Promise<boolean> {
  if (await blobs.stat(digest, call)) return true;
  return canMount(blobs) && (await blobs.mount(digest, call));
}
