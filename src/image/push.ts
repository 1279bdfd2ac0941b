/** `docker push`: an image of the local store to a registry, layers compressed. */
import pLimit, { type LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { Platform } from '#core/platform.ts';
import {
  familiarName,
  formatReference,
  type Reference,
  repositoryKey,
  withDefaultTag,
} from '#core/reference.ts';
import { canSetTags, type RawManifest, type Repository } from '#core/repository.ts';
import { companionsIn } from '#store/companions.ts';
import type { LocalStore } from '#store/local-store.ts';
import { walkImage } from '#store/walk.ts';
import { compression } from './compress.ts';
import { copyImage } from './copy.ts';
import { byName, type LocalImage } from './resolve.ts';

export interface PushOptions {
  readonly store: LocalStore;
  /** The repository that the reference names. */
  readonly remote: Repository;
  readonly reference: Reference;
  /** Absent: what the reference names in the store. */
  readonly image?: UnstoredImage;
  /** An index is pushed whole; this only says which of its images is looked at. */
  readonly platform: Platform;
  /** Plain layers stay plain. Default: registries get gzip. */
  readonly asItIs?: boolean;
  /** The registry gets no tag. */
  readonly byDigest?: boolean;
  /** Of an index, pushes only this platform's image, under the tag. */
  readonly onlyPlatform?: Platform;
  /** Other tags of the same image that the registry gets as well. */
  readonly moreTags?: readonly string[];
  readonly limit: LimitFunction;
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/** An image without a name in the store, which has its blobs. */
export interface UnstoredImage {
  readonly repository: Repository;
  readonly root: Digest;
  /** Manifests about it that go with it. */
  readonly beside: readonly Digest[];
}

export interface PushedImage {
  /** With `latest` where nothing was said. */
  readonly reference: Reference;
  /** As the registry has it now. */
  readonly manifest: Descriptor;
}

/**
 * Compressing a layer keeps all threads of the pool busy: one at a time, so that it is under way when
 * the next is being compressed.
 */
const compressing = pLimit(1);

/** @throws IMAGE_UNKNOWN (no local image of this name), and what the remote throws */
export async function pushImage(options: PushOptions): Promise<PushedImage> {
  const { store, remote, platform, limit, events, asItIs = false, byDigest = false } = options;
  const signal = options.signal ? { signal: options.signal } : {};
  const reference = withDefaultTag(options.reference);
  const { tag } = reference;
  await using lease = await store.lease({ purpose: `push ${formatReference(reference)}` });
  const { image } = options;
  const named = image ?? (await byName(reference, { store, lease, platform, orAnyPlatform: true }));
  if (!named || tag === undefined) throw noLocalImage(reference);
  const selector = 'beside' in named ? named.root : named.root.digest;
  const seen = new Set<Digest>();
  try {
    const { manifest, raw } = await copyImage({
      from: named.repository,
      selector,
      to: remote,
      ...(asItIs ? {} : { change: compression({ store, lease, limit: compressing, ...signal }) }),
      ...(byDigest ? {} : { tag }),
      ...(options.onlyPlatform ? { platform: options.onlyPlatform } : {}),
      mountFrom: ({ digest }) => store.registries.elsewhere(digest, reference),
      onBlob: ({ digest }) => void seen.add(digest),
      direction: 'push',
      limit,
      ...(events ? { events } : {}),
      ...signal,
    });
    await setTags(raw, options);
    if (manifest.digest === selector) await pushCompanions(named, options);
    if (!image && !options.onlyPlatform) {
      store.images.addAlias(repositoryKey(reference), manifest.digest, selector);
    }
    return { reference, manifest };
  } finally {
    store.registries.saw(seen, reference);
  }
}

async function setTags(
  raw: RawManifest,
  { remote, moreTags = [], signal }: PushOptions,
): Promise<void> {
  const call = signal ? { signal } : {};
  if (moreTags.length === 0) return;
  if (canSetTags(remote)) await remote.setTags(raw, moreTags, call);
  else for (const tag of moreTags) await remote.putManifest(raw, { ...call, tag });
}

/** What signs the image and lies beside it here; it is about these very bytes. */
async function pushCompanions(
  image: LocalImage | UnstoredImage,
  options: PushOptions,
): Promise<void> {
  const { remote, limit } = options;
  const signal = options.signal ? { signal: options.signal } : {};
  const companions: readonly CompanionName[] =
    'beside' in image
      ? image.beside.map((digest) => ({ digest }))
      : await companionsOf(image, signal);
  for (const { digest, tag } of companions) {
    await copyImage({
      from: image.repository,
      selector: digest,
      to: remote,
      ...(tag === undefined ? {} : { tag }),
      direction: 'push',
      limit,
      ...signal,
    });
  }
}

interface CompanionName {
  readonly digest: Digest;
  readonly tag?: string;
}

async function companionsOf(
  { repository, root }: LocalImage,
  signal: { readonly signal?: AbortSignal },
): Promise<readonly CompanionName[]> {
  const { manifests } = await walkImage(repository, { selector: root.digest, ...signal });
  const subjects = manifests.map(({ raw }) => raw.digest);
  return await companionsIn(repository, { subjects, ...signal });
}

function noLocalImage(reference: Reference): SlipwayError {
  const { tag } = reference;
  const name = familiarName(reference);
  if (tag === undefined) {
    return new SlipwayError('REFERENCE_INVALID', 'cannot push a digest reference', {
      hint: 'give the image a tag with "slipway tag" and push that',
    });
  }
  return new SlipwayError(
    'IMAGE_UNKNOWN',
    `An image does not exist locally with the tag: ${name}`,
    {
      hint: `"slipway images" lists what is here; "slipway tag" gives an image the name ${name}:${tag}`,
      detail: { image: formatReference(reference) },
    },
  );
}
