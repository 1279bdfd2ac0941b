/**
 * Which images of a source a copy takes, and what they are called at the destination: the one that the
 * source names, or all its tags.
 */
import type { Digest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { formatPlace } from '#core/place.ts';
import type { Platform } from '#core/platform.ts';
import {
  familiarName,
  familiarReference,
  parseReference,
  type Reference,
  repositoryKey,
} from '#core/reference.ts';
import { isFallbackTag, subjectOfTag } from '#store/companions.ts';
import type { PackedImage } from '#store/packed-repository.ts';
import type { OutgoingImage } from './family.ts';
import { inParallel } from './in-parallel.ts';
import { sortArchive } from './load-companions.ts';
import type { ImageSource, ImageTarget } from './places.ts';

export interface ChooseOptions {
  readonly platform?: Platform;
  readonly noReferrers?: boolean;
  /** Tags at the destination besides the one that it names. */
  readonly moreTags?: readonly string[];
  readonly signal?: AbortSignal;
}

type Shared = Pick<OutgoingImage, 'from' | 'platform' | 'noReferrers' | 'lease'>;

function sharedBy(source: ImageSource, { platform, noReferrers }: ChooseOptions): Shared {
  return {
    from: source.repository,
    ...(platform ? { platform } : {}),
    ...(noReferrers === undefined ? {} : { noReferrers }),
    ...(source.lease ? { lease: source.lease } : {}),
  };
}

/** The one that the source names. @throws MANIFEST_UNKNOWN, IMAGE_UNKNOWN */
export async function chooseImage(
  source: ImageSource,
  target: ImageTarget,
  options: ChooseOptions,
): Promise<OutgoingImage> {
  const { moreTags = [] } = options;
  const selector = await source.selector();
  const { name, tag: own } = await nameIn(source, selector);
  const tag = target.tag ?? (isNamed(target) ? 'latest' : own);
  return {
    ...sharedBy(source, options),
    selector,
    tags: [...new Set([...(tag === undefined ? [] : [tag]), ...moreTags])],
    ...(name ? { name } : {}),
  };
}

/** A repository's tag is `latest` where nobody says another one; elsewhere the image keeps its own. */
function isNamed(target: ImageTarget): boolean {
  return target.kind === 'repository' && target.name !== undefined;
}

interface OwnName {
  readonly name?: Reference;
  readonly tag?: string;
}

/** What the image is called where it comes from. */
async function nameIn(
  { place, name, archive, repository }: ImageSource,
  selector: string,
): Promise<OwnName> {
  if (archive) {
    const { digest } = await repository.resolve(selector);
    const image = archive.images.find((one) => one.manifest.digest === digest);
    return image ? ownName(image, selector) : {};
  }
  const reference = place.kind === 'registry' ? place.reference : referenceIn(place);
  const tag = reference?.tag ?? (reference?.digest === undefined ? 'latest' : undefined);
  return { ...(name ? { name } : {}), ...(tag === undefined || !reference ? {} : { tag }) };
}

function ownName({ names, refNames }: PackedImage, selector: string): OwnName {
  const asked = names.find((one) => familiarReference(one) === selector || one.tag === selector);
  const found = asked ?? names[0];
  if (!found) return refNames[0] === undefined ? {} : { tag: refNames[0] };
  const { tag, registry, repository } = found;
  return { name: { registry, repository }, ...(tag === undefined ? {} : { tag }) };
}

/** Undefined for an ID of the local store. */
function referenceIn(place: ImageSource['place']): Reference | undefined {
  if (place.kind !== 'store') return undefined;
  try {
    return parseReference(place.name);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}

/** All tags, each image once. @throws REFERENCE_INVALID (a tag was given), NAME_CONFLICT */
export async function chooseAll(
  source: ImageSource,
  target: ImageTarget,
  options: ChooseOptions,
): Promise<readonly OutgoingImage[]> {
  if (target.tag !== undefined) throw tagGiven(target.place);
  return source.archive
    ? await allOfArchive(source, target, options)
    : await allOfRepository(source, options);
}

async function allOfRepository(
  source: ImageSource,
  options: ChooseOptions,
): Promise<readonly OutgoingImage[]> {
  const { place, repository, name } = source;
  const given = place.kind === 'registry' ? place.reference : referenceIn(place);
  if (!given || given.tag !== undefined || given.digest !== undefined) throw tagGiven(place);
  const call = options.signal ? { signal: options.signal } : {};
  const all = await Array.fromAsync(repository.tags(call));
  // Lists of referrers are made anew by whoever takes these; the rest are images like others.
  const tags = all.filter((tag) =>
    options.noReferrers ? subjectOfTag(tag) === undefined : !isFallbackTag(tag),
  );
  if (tags.length === 0) throw noTags(familiarName(given));
  const groups = await byDigest(tags, source, options);
  const shared = sharedBy(source, options);
  return [...groups].map(([selector, tagged]) => ({
    ...shared,
    selector,
    tags: tagged,
    ...(name ? { name } : {}),
  }));
}

/** Registries are asked for so many tags at the same time. */
const ASKED_AT_ONCE = 8;

/** Tags of the same image together; images in the order of their first tags, signatures behind. */
async function byDigest(
  tags: readonly string[],
  { repository }: ImageSource,
  options: ChooseOptions,
): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const groups = new Map<Digest, string[]>();
  const isAbout = (tag: string): boolean => subjectOfTag(tag) !== undefined;
  const ordered = [...tags.filter((tag) => !isAbout(tag)), ...tags.filter(isAbout)];
  for (let first = 0; first < ordered.length; first += ASKED_AT_ONCE) {
    const some = ordered.slice(first, first + ASKED_AT_ONCE);
    const found = await inParallel(some, options, (tag, call) => repository.resolve(tag, call));
    for (const [i, tag] of some.entries()) {
      const digest = found[i]?.digest;
      if (digest !== undefined) groups.set(digest, [...(groups.get(digest) ?? []), tag]);
    }
  }
  return groups;
}

async function allOfArchive(
  source: ImageSource,
  target: ImageTarget,
  options: ChooseOptions,
): Promise<readonly OutgoingImage[]> {
  const { place, archive } = source;
  if (!archive) return [];
  if ('name' in place && place.kind !== 'store' && place.name !== undefined) throw tagGiven(place);
  const { images } = await sortArchive(archive, options.signal);
  const shared = sharedBy(source, options);
  const chosen = images.flatMap((image): OutgoingImage[] => {
    const selector = image.manifest.digest;
    const repositories = Map.groupBy(image.names, repositoryKey);
    if (repositories.size === 0) return [{ ...shared, selector, tags: image.refNames }];
    return [...repositories.values()].map((names) => {
      const [{ registry, repository } = { registry: '', repository: '' }] = names;
      const tags = names.flatMap(({ tag }) => tag ?? []);
      return { ...shared, selector, tags, name: { registry, repository } };
    });
  });
  if (target.kind === 'repository' || target.name) refuseSeveral(chosen, source);
  return chosen;
}

/** One repository has one `latest`. */
function refuseSeveral(images: readonly OutgoingImage[], { place }: ImageSource): void {
  const names = new Set(images.flatMap(({ name }) => (name ? [familiarName(name)] : [])));
  if (names.size <= 1) return;
  throw new SlipwayError(
    'NAME_CONFLICT',
    `${formatPlace(place)} has images of ${names.size} repositories: ${[...names].join(', ')}`,
    {
      hint: 'copy them one by one, or all with "slipway load -i FILE --to registry://HOST/PREFIX"',
      detail: { names: [...names] },
    },
  );
}

function tagGiven(place: ImageSource['place']): SlipwayError {
  return new SlipwayError('REFERENCE_INVALID', "tag can't be used with --all-tags/-a", {
    hint: `name the repository only, not ${formatPlace(place)}`,
  });
}

function noTags(name: string): SlipwayError {
  return new SlipwayError('NAME_UNKNOWN', `there is no tag of ${name}`, {
    hint: 'check the name, and whether you may read it',
    detail: { name },
  });
}
