/**
 * Images with what belongs to them (signatures, SBOMs) into any opened place, as they are: digests
 * survive. A tag is set when everything that belongs to it is there: the image, then what refers to it,
 * then the tags.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { EventSink, TransferEvent } from '#core/events.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { Platform } from '#core/platform.ts';
import {
  type CallOptions,
  canSetTags,
  type RawManifest,
  type Repository,
} from '#core/repository.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import type { WalkedImage } from '#store/walk.ts';
import { checkArrived } from './check-arrived.ts';
import { type CopyOptions, type CopyResult, copyWalked } from './copy.ts';
import { familyOf, type OutgoingImage } from './family.ts';
import { inParallel } from './in-parallel.ts';
import { withoutKnown } from './known-at-target.ts';
import type { ImageTarget, RepositoryTarget } from './places.ts';
import { writeArchived } from './put-archived.ts';
import { verifiedSource } from './verified-source.ts';

export interface PutOptions {
  /** Which image of an index old readers of archives see. */
  readonly host: Platform;
  readonly limit: LimitFunction;
  /** A repository on the registry of the target that may have a blob already. */
  readonly mountFrom?: (blob: Descriptor) => string | undefined;
  /** Told of each blob that is in the target for certain. */
  readonly onBlob?: (blob: Descriptor) => void;
  /** Told of each image when it has its tags. */
  readonly onPut?: (image: OutgoingImage, manifest: Descriptor) => void;
  /** How the events are marked; default `copy`. */
  readonly direction?: TransferEvent['direction'];
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/** What the target has now, in the order of the images. @throws what the places throw */
export async function putImages(
  target: ImageTarget,
  images: readonly OutgoingImage[],
  options: PutOptions,
): Promise<readonly Descriptor[]> {
  if (target.kind === 'archive') return await writeArchived(target, images, options);
  const limit = pLimit(takesOneAtATime(target) ? 1 : IMAGES_AT_ONCE);
  return await inParallel(images, options, (image, call) =>
    limit(async () => {
      call.signal.throwIfAborted();
      return await putImage(target, image, { ...options, ...call });
    }),
  );
}

/** Small images are mostly waiting for answers; how many blobs move is another limit. */
const IMAGES_AT_ONCE = 4;

/** A folder's index has no locks. */
function takesOneAtATime({ place }: RepositoryTarget): boolean {
  return place.kind === 'oci' || place.kind === 'path';
}

async function putImage(
  target: RepositoryTarget,
  image: OutgoingImage,
  options: PutOptions,
): Promise<Descriptor> {
  const { arriving } = target;
  const { image: walked, companions, from } = await familyOf(image, options);
  const copying = { ...options, from, to: target.repository };
  const check = arriving ? { check: (one: WalkedImage) => checkArrived(one, arriving) } : {};
  const { raw, manifest } = await copyTree(target, walked, { ...copying, ...check });
  for (const { walked: own, tag } of companions) {
    const copied = await copyTree(target, own, copying);
    if (tag !== undefined) await setTags(target, copied.raw, [tag], options);
  }
  await setTags(target, raw, image.tags, options);
  options.onPut?.(image, manifest);
  return manifest;
}

/** Without a tag. */
async function copyTree(
  { place, repository: to }: RepositoryTarget,
  walked: WalkedImage,
  options: Omit<CopyOptions, 'selector' | 'platform' | 'direction'> & PutOptions,
): Promise<Pick<CopyResult, 'raw' | 'manifest'>> {
  const { limit, signal, direction = 'copy' } = options;
  const isRegistry = place.kind === 'registry';
  const call = signal ? { signal } : {};
  const image = isRegistry ? await withoutKnown(walked, to, { limit, ...call }) : walked;
  const root = walked.manifests.at(-1)?.raw;
  if (!image && root) return { raw: root, manifest: descriptorOf(root) };
  const through = isRegistry ? { through: verifiedSource } : {};
  return await copyWalked(image ?? walked, { ...options, ...through, direction });
}

/** Those that point elsewhere, or nowhere yet. */
async function setTags(
  { repository: to }: RepositoryTarget,
  raw: RawManifest,
  tags: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  const call = signal ? { signal } : {};
  const found = await Promise.all(tags.map((tag) => resolvedIn(to, tag, call)));
  const wanted = tags.filter((_, i) => found[i] !== raw.digest);
  if (wanted.length > 0) await tagAll(to, raw, wanted, call);
}

async function tagAll(
  to: Repository,
  raw: RawManifest,
  tags: readonly string[],
  call: CallOptions,
): Promise<void> {
  if (canSetTags(to)) await to.setTags(raw, tags, call);
  else for (const tag of tags) await to.putManifest(raw, { ...call, tag });
}
