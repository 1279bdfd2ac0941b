/**
 * An image with all that belongs to it and is not part of it (store/companions.ts), looked up: what a
 * copy consists of. Held by the lease where it could go away meanwhile.
 */
import type { Digest } from '#core/digest.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import type { ImageIndex } from '#core/manifest.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { ReferrerLister, Repository } from '#core/repository.ts';
import { type Companion, companionsIn, isFallbackTag } from '#store/companions.ts';
import type { Lease } from '#store/leases.ts';
import { type WalkedImage, walkImage } from '#store/walk.ts';
import { rememberManifests } from './remembered-manifests.ts';
import { selectManifest } from './select.ts';

export interface OutgoingImage {
  readonly from: Repository & ReferrerLister;
  /** A tag or digest of `from`. */
  readonly selector: string;
  /** What it gets in the target; empty: it is there by digest only. */
  readonly tags: readonly string[];
  /** What it is called where it comes from, without a tag: for archives, which keep whole names. */
  readonly name?: Reference;
  /** Of an index, only this platform's image, which then stands for it. Absent: everything. */
  readonly platform?: Platform;
  /** Signatures, SBOMs and whatever else refers to it stay behind. */
  readonly noReferrers?: boolean;
  /** Keeps what is read from gc. */
  readonly lease?: Lease;
}

export interface ImageFamily {
  /** Where it comes from; its manifests are in memory. */
  readonly from: Repository & ReferrerLister;
  readonly image: WalkedImage;
  /** Those nearest to the image first. */
  readonly companions: readonly WalkedCompanion[];
}

export interface WalkedCompanion extends Companion {
  readonly walked: WalkedImage;
}

/** @throws MANIFEST_UNKNOWN, MANIFEST_INVALID, PLATFORM_UNKNOWN */
export async function familyOf(
  image: OutgoingImage,
  options: { readonly events?: EventSink | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ImageFamily> {
  const { selector, platform, noReferrers = false, lease } = image;
  const call = options.signal ? { signal: options.signal } : {};
  const from = rememberManifests(image.from);
  const choose = platform ? { choose: (index: ImageIndex) => selectManifest(index, platform) } : {};
  const walked = await walkImage(from, { selector, ...choose, ...call });
  const companions = noReferrers ? [] : await walkCompanions(walked, { from, ...options });
  for (const { manifests, blobs } of [walked, ...companions.map((one) => one.walked)]) {
    for (const { raw } of manifests) lease?.hold(raw.digest);
    for (const { digest } of blobs) lease?.hold(digest);
  }
  return { from, image: walked, companions };
}

async function walkCompanions(
  image: WalkedImage,
  options: Pick<ImageFamily, 'from'> & Parameters<typeof familyOf>[1],
): Promise<readonly WalkedCompanion[]> {
  const { from, events = ignoreEvents } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const onMissing = ({ digest, subject }: Companion): void => {
    const text = `${digest}, which is listed as referring to ${subject}, is not there and was left out`;
    events({ kind: 'note', level: 'warning', text });
  };
  const subjects = image.manifests.map(({ raw }) => raw.digest);
  const found = await companionsIn(from, { subjects, onMissing, ...call });
  const walked = new Map<string, WalkedCompanion>();
  for (const companion of found) {
    const own = await walkImage(from, { selector: companion.digest, ...call });
    const key = `${companion.digest} ${companion.tag ?? ''}`;
    walked.set(key, { ...companion, walked: own });
  }
  return [...walked.values()].filter((one) => !isListOf(one, walked));
}

/**
 * Whoever takes manifests with a subject lists them itself, in a way of its own: the list of a registry
 * that cannot is not copied over what stands there. Unless it knows more than the manifests say.
 */
function isListOf(
  { tag, subject, walked }: WalkedCompanion,
  all: ReadonlyMap<string, WalkedCompanion>,
): boolean {
  const top = walked.manifests.at(-1)?.manifest;
  if (tag === undefined || !isFallbackTag(tag) || top?.kind !== 'index') return false;
  return top.manifests.every(({ digest }) => isAbout(subject, all.get(`${digest} `)));
}

function isAbout(subject: Digest, companion: WalkedCompanion | undefined): boolean {
  return companion?.walked.manifests.at(-1)?.manifest.subject?.digest === subject;
}
