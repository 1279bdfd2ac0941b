/** From the words of `slipway save` to images of the local store, each once, with what goes along. */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeManifest, type ImageIndex } from '#core/manifest.ts';
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';
import { formatReference, parseReference, type Reference, repositoryKey } from '#core/reference.ts';
import type { ArchivedImage } from '#store/archive-plan.ts';
import { companionsIn, subjectOfTag } from '#store/companions.ts';
import { NAMELESS } from '#store/images.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { walkImage } from '#store/walk.ts';
import { type LocalImage, resolveImage } from './resolve.ts';
import { selectManifest } from './select.ts';

export interface CollectOptions {
  readonly store: LocalStore;
  readonly images: readonly string[];
  readonly platform: Platform;
  readonly only?: Platform;
  readonly noReferrers?: boolean;
  readonly lease: Lease;
  readonly signal?: AbortSignal;
}

interface Collected {
  readonly from: LocalRepository;
  readonly digest: Digest;
  readonly names: Map<string, Reference>;
  readonly subject?: Digest;
}

/** Images in the order asked for, what belongs to them behind. @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, PLATFORM_UNKNOWN */
export async function collectSaved(options: CollectOptions): Promise<readonly ArchivedImage[]> {
  const { only, noReferrers = false } = options;
  const choose = only === undefined ? {} : { choose: chooser(only) };
  const images = new Map<Digest, Collected>();
  const companions = new Map<Digest, Collected>();
  for (const text of options.images) {
    for (const { selector, name } of wantedBy(text, options.store)) {
      const found = await resolveImage(selector, {
        ...options,
        lease: options.lease,
        orAnyPlatform: true,
      });
      if (only) await needPlatform(found, only);
      const { repository: from, root } = found;
      add(images, { from, digest: root.digest, name });
      if (noReferrers) continue;
      for (const companion of await companionsOf(found, { name, ...options })) {
        add(companions, { from, ...companion });
      }
    }
  }
  const archived = ({ digest, names, ...rest }: Collected): ArchivedImage => ({
    ...rest,
    selector: digest,
    names: [...names.values()],
  });
  const apart = [...companions.values()].filter(({ digest }) => !images.has(digest));
  return [
    ...[...images.values()].map((image) => ({ ...archived(image), ...choose })),
    ...apart.map(archived),
  ];
}

interface Found {
  readonly from: LocalRepository;
  readonly digest: Digest;
  readonly name: Reference | undefined;
  readonly subject?: Digest;
}

function add(to: Map<Digest, Collected>, { name, ...found }: Found): void {
  const known = to.get(found.digest) ?? { ...found, names: new Map<string, Reference>() };
  if (name) known.names.set(formatReference(name), name);
  to.set(found.digest, known);
}

/** Signatures and the like of the image and of what its index lists. By tag only where it has a name. */
async function companionsOf(
  image: LocalImage,
  { name, only, signal }: { name: Reference | undefined; only?: Platform; signal?: AbortSignal },
): Promise<readonly Omit<Found, 'from'>[]> {
  const { manifests } = await walkImage(image.repository, {
    selector: image.root.digest,
    ...(only ? { choose: chooser(only) } : {}),
    ...(signal ? { signal } : {}),
  });
  const subjects = manifests.map(({ raw }) => raw.digest);
  const found = await companionsIn(image.repository, { subjects, ...(signal ? { signal } : {}) });
  return found.flatMap(({ digest, subject, tag }): Omit<Found, 'from'>[] => {
    if (tag === undefined) return [{ digest, subject, name: undefined }];
    if (image.repositoryName === NAMELESS || name === undefined) return [];
    return [{ digest, subject, name: { ...parseReference(repositoryKey(name)), tag } }];
  });
}

function chooser(only: Platform): (index: ImageIndex) => Descriptor {
  return (index) => selectManifest(index, only);
}

/** An index must list the platform; an image without one is of its config's. In docker's words. */
async function needPlatform(image: LocalImage, only: Platform): Promise<void> {
  const available = await platformsIn(image);
  const isThere =
    image.root.digest === image.manifest.digest
      ? available.includes(formatPlatform(normalizePlatform(only)))
      : canSelect(await indexOf(image), only);
  if (isThere) return;
  const platform = formatPlatform(only);
  throw new SlipwayError(
    'PLATFORM_UNKNOWN',
    `no suitable export target found for platform ${platform}`,
    {
      hint: `it is here for ${available.join(', ')}; "slipway pull --platform ${platform}" fetches another one`,
      detail: { platform, available },
    },
  );
}

async function indexOf({ repository, root }: LocalImage): Promise<ImageIndex | undefined> {
  const manifest = decodeManifest(await repository.getManifest(root.digest));
  return manifest.kind === 'index' ? manifest : undefined;
}

async function platformsIn(image: LocalImage): Promise<readonly string[]> {
  const index = await indexOf(image);
  if (!index) return [formatPlatform(normalizePlatform(image.config))];
  const listed = index.manifests.flatMap(({ platform }) => (platform ? [platform] : []));
  return [...new Set(listed.filter(({ os }) => os !== 'unknown').map(formatPlatform))];
}

function canSelect(index: ImageIndex | undefined, only: Platform): boolean {
  try {
    return index !== undefined && selectManifest(index, only).size >= 0;
  } catch (error) {
    if (isSlipwayError(error, 'PLATFORM_UNKNOWN')) return false;
    throw error;
  }
}

interface Wanted {
  /** For {@link resolveImage}. */
  readonly selector: string;
  readonly name?: Reference;
}

/** A name alone stands for all tags of its repository (`docker save ubuntu`), signatures aside. */
function wantedBy(text: string, store: LocalStore): readonly Wanted[] {
  const reference = referenceIn(text);
  if (!reference || reference.digest !== undefined || isDigest(text)) return [{ selector: text }];
  const key = repositoryKey(reference);
  const known = store.images
    .list()
    .flatMap((image) => (image.repository === key ? image.tags : []));
  if (reference.tag !== undefined) {
    // `sha256:1f2e` reads as a name with a tag, and is the beginning of an ID.
    const isName = known.includes(reference.tag);
    return [isName ? { selector: text, name: reference } : { selector: text }];
  }
  const tags = known.filter((tag) => subjectOfTag(tag) === undefined);
  if (tags.length === 0) return [{ selector: text }];
  return tags.sort().map((tag) => {
    const name = { ...reference, tag };
    return { selector: formatReference(name), name };
  });
}

function referenceIn(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}
