/** What a copy would send, each byte of it: asked of the destination, and nothing is written. */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { CopyPlan, PlannedCopy } from '#core/image-copy.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { CallOptions } from '#core/repository.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import { familyOf, type ImageFamily, type OutgoingImage } from './family.ts';
import { withoutKnown } from './known-at-target.ts';
import type { ArchiveTarget, ImageTarget, RepositoryTarget } from './places.ts';
import { planArchived } from './put-archived.ts';
import type { PutOptions } from './put-images.ts';

export interface PlanOptions extends PutOptions {
  /** What the destination has not can be mounted from the source. */
  readonly isSameRegistry: boolean;
  readonly nameFrom: (image: OutgoingImage) => string;
  readonly nameTo: (image: OutgoingImage) => readonly string[];
}

/** @throws what the places throw */
export async function planCopies(
  target: ImageTarget,
  images: readonly OutgoingImage[],
  options: PlanOptions,
): Promise<CopyPlan> {
  const sent = new Map<Digest, number>();
  const planned: PlannedCopy[] = [];
  for (const image of images) {
    const family = await familyOf(image, options);
    const top = family.image.manifests.at(-1);
    if (!top) throw new Error('invariant broken: a walk without manifests');
    const all = contentOf(family);
    const missing = target.kind === 'archive' ? all : await missingIn(target, family, options);
    const { size, digest, mediaType } = descriptorOf(top.raw);
    const blobs = missing.filter((one) => !one.isManifest);
    const mountable = options.isSameRegistry ? blobs : [];
    planned.push({
      from: options.nameFrom(image),
      to: options.nameTo(image),
      ...{ size, digest, mediaType },
      blobs: all.length,
      bytes: sum(all),
      missingBlobs: missing.length,
      missingBytes: sum(missing),
      mountableBytes: sum(mountable),
      referrers: family.companions.length,
      changedTags: await changedTags(target, image, digest, options),
    });
    const isMounted = new Set(mountable);
    for (const one of missing) if (!isMounted.has(one)) sent.set(one.digest, one.size);
  }
  return {
    images: planned,
    sendBytes: [...sent.values()].reduce((total, size) => total + size, 0),
    sendBlobs: sent.size,
    ...(target.kind === 'archive' ? await archiveBytes(target, images, options) : {}),
  };
}

const NOTHING = { manifests: [], blobs: [] } as const;

interface Content extends Pick<Descriptor, 'digest' | 'size'> {
  readonly isManifest: boolean;
}

/** Each once. */
function contentOf(family: Pick<ImageFamily, 'image' | 'companions'>): readonly Content[] {
  const found = new Map<Digest, Content>();
  for (const { manifests, blobs } of [
    family.image,
    ...family.companions.map(({ walked }) => walked),
  ]) {
    for (const { digest, size } of blobs) found.set(digest, { digest, size, isManifest: false });
    for (const { raw } of manifests) {
      const { digest, size } = descriptorOf(raw);
      found.set(digest, { digest, size, isManifest: true });
    }
  }
  return [...found.values()];
}

async function missingIn(
  { place, repository: to }: RepositoryTarget,
  { image, companions }: ImageFamily,
  options: PlanOptions,
): Promise<readonly Content[]> {
  const { limit } = options;
  const call: CallOptions = options.signal ? { signal: options.signal } : {};
  const unknown = async (walked: ImageFamily['image']) =>
    place.kind === 'registry'
      ? ((await withoutKnown(walked, to, { limit, ...call })) ?? { ...walked, ...NOTHING })
      : walked;
  const left = {
    image: await unknown(image),
    companions: await Promise.all(
      companions.map(async (one) => ({ ...one, walked: await unknown(one.walked) })),
    ),
  };
  const asked = contentOf(left);
  const there = await Promise.all(asked.map((one) => limit(() => isThere(to, one, call))));
  return asked.filter((_, i) => there[i] !== true);
}

async function isThere(
  to: RepositoryTarget['repository'],
  { digest, isManifest }: Content,
  call: CallOptions,
): Promise<boolean> {
  if (isManifest) return (await resolvedIn(to, digest, call)) !== undefined;
  return (await to.blobs.stat(digest, call)) !== undefined;
}

async function changedTags(
  target: ImageTarget,
  { tags }: OutgoingImage,
  digest: Digest,
  { signal }: PlanOptions,
): Promise<readonly string[]> {
  if (target.kind === 'archive') return tags;
  const call = signal ? { signal } : {};
  const found = await Promise.all(tags.map((tag) => resolvedIn(target.repository, tag, call)));
  return tags.filter((_, i) => found[i] !== digest);
}

async function archiveBytes(
  target: ArchiveTarget,
  images: readonly OutgoingImage[],
  options: PlanOptions,
): Promise<Pick<CopyPlan, 'archiveBytes'>> {
  const { plan } = await planArchived(target, images, options);
  return { archiveBytes: plan.sizeBytes };
}

function sum(contents: readonly Content[]): number {
  return contents.reduce((total, { size }) => total + size, 0);
}
