/** From the words of `slipway save` to images of the local store, each once, with what goes along. */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ImageIndex } from '#core/manifest.ts';
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
      if (only) needPlatform(found, { only, text });
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

/** An image without an index is of one platform, its config's. In docker's words. */
function needPlatform(
  { config, root, manifest }: LocalImage,
  { only, text }: { only: Platform; text: string },
): void {
  if (root.digest !== manifest.digest) return;
  const own = normalizePlatform(config);
  const wanted = normalizePlatform(only);
  if (formatPlatform(own) === formatPlatform(wanted)) return;
  throw new SlipwayError(
    'PLATFORM_UNKNOWN',
    `image with reference ${text} was found but its platform (${formatPlatform(own)}) does not match the specified platform (${formatPlatform(wanted)})`,
    {
      hint: 'save it without --platform, or pull it for that platform first',
      detail: { platform: formatPlatform(wanted), available: [formatPlatform(own)] },
    },
  );
}

interface Wanted {
  /** For {@link resolveImage}. */
  readonly selector: string;
  readonly name?: Reference;
}

/** A name alone stands for all tags of its repository (`docker save ubuntu`), signatures aside. */
function wantedBy(text: string, store: LocalStore): readonly Wanted[] {
  const reference = referenceIn(text);
  if (!reference || reference.digest !== undefined) return [{ selector: text }];
  if (reference.tag !== undefined) return [{ selector: text, name: reference }];
  const key = repositoryKey(reference);
  const tags = store.images
    .list()
    .flatMap((image) => (image.repository === key ? image.tags : []))
    .filter((tag) => subjectOfTag(tag) === undefined);
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
