/** `slipway copy` over the engine's resources: between any two places. */
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import type { CopyPlan, CopyRequest, ImageCopy } from '#core/image-copy.ts';
import { formatPlace, parsePlace } from '#core/place.ts';
import { hostPlatform } from '#core/platform.ts';
import { familiarReference } from '#core/reference.ts';
import type { CallContext } from '#engine.ts';
import { type ChooseOptions, chooseAll, chooseImage } from '#image/choose-images.ts';
import type { OutgoingImage } from '#image/family.ts';
import type { ImageSource, ImageTarget } from '#image/places.ts';
import { planCopies } from '#image/plan-copies.ts';
import { type PutOptions, putImages } from '#image/put-images.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import { openSource } from './open-source.ts';
import { openTarget, type TargetOptions } from './open-target.ts';
import type { Resources } from './resources.ts';

type CopyOptions = CallContext & CopyRequest;

/** Gives what the destination has now; images before a failure stay. */
export async function copy(
  resources: Resources,
  places: { readonly from: string; readonly to: string },
  options: CopyOptions,
): Promise<readonly ImageCopy[]> {
  await using opened = await openBoth(resources, places, options);
  const { target } = opened;
  const images = await chosen(opened, options);
  const copied: ImageCopy[] = [];
  const { put, keep } = await copyContext(resources, opened, options);
  try {
    await putImages(target, images, {
      ...put,
      onPut: (image, manifest) => {
        const { digest, mediaType, size } = manifest;
        const to = placesAt(target, image);
        const result = { to, digest, mediaType, size };
        copied.push(result);
        options.onCopied?.(result);
      },
    });
  } finally {
    keep();
  }
  return copied;
}

/** Nothing is written. */
export async function planCopy(
  resources: Resources,
  places: { readonly from: string; readonly to: string },
  options: CopyOptions,
): Promise<CopyPlan> {
  await using opened = await openBoth(resources, places, { ...options, isTrial: true });
  const { source, target } = opened;
  const images = await chosen(opened, options);
  return await planCopies(target, images, {
    ...(await copyContext(resources, opened, options)).put,
    isSameRegistry: isSameRegistry(source, target),
    nameFrom: ({ selector }) => formatSource(source, selector),
    nameTo: (image) => placesAt(target, image),
  });
}

function signalOf({ signal }: CallContext): Pick<CallContext, 'signal'> {
  return signal ? { signal } : {};
}

interface OpenedPlaces extends AsyncDisposable {
  readonly source: ImageSource;
  readonly target: ImageTarget;
}

async function openBoth(
  resources: Resources,
  { from, to }: { readonly from: string; readonly to: string },
  options: CopyOptions & Pick<TargetOptions, 'isTrial'>,
): Promise<OpenedPlaces> {
  const [origin, destination] = [parsePlace(from), parsePlace(to)];
  const events = options.events ?? ignoreEvents;
  const context = { events, ...signalOf(options) };
  await using opening = new AsyncDisposableStack();
  const source = opening.use(await openSource(resources, origin, context));
  // An image that is not there leaves no empty folder behind.
  if (destination.kind === 'oci' && !options.allTags) {
    await source.repository.resolve(await source.selector(), signalOf(options));
  }
  const target = opening.use(
    await openTarget(resources, destination, { ...context, isTrial: options.isTrial ?? false }),
  );
  const held = opening.move();
  return { source, target, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function chosen(
  { source, target }: OpenedPlaces,
  options: CopyOptions,
): Promise<readonly OutgoingImage[]> {
  const { platform, noReferrers, moreTags, signal } = options;
  const choosing: ChooseOptions = {
    ...(platform ? { platform } : {}),
    ...(noReferrers === undefined ? {} : { noReferrers }),
    ...(moreTags ? { moreTags } : {}),
    ...(signal ? { signal } : {}),
  };
  if (options.allTags) {
    const all = await chooseAll(source, target, choosing);
    return options.noClobber ? await unclobbered(all, target, options) : all;
  }
  const image = await chooseImage(source, target, choosing);
  if (options.noClobber) await refuseClobbering(image, target, options);
  return [image];
}

/** Of all tags only those that are not there yet. */
async function unclobbered(
  images: readonly OutgoingImage[],
  target: ImageTarget,
  { signal }: CopyOptions,
): Promise<readonly OutgoingImage[]> {
  if (target.kind === 'archive') return images;
  const there = new Set(await Array.fromAsync(target.repository.tags(signal ? { signal } : {})));
  return images.flatMap((image) => {
    const tags = image.tags.filter((tag) => !there.has(tag));
    return tags.length > 0 ? [{ ...image, tags }] : [];
  });
}

/** crane's words. A tag that points at the image already is none that would be lost. */
async function refuseClobbering(
  image: OutgoingImage,
  target: ImageTarget,
  { signal }: CopyOptions,
): Promise<void> {
  if (target.kind === 'archive') return;
  const call = signal ? { signal } : {};
  const { digest } = await image.from.resolve(image.selector, call);
  for (const tag of image.tags) {
    const there = await resolvedIn(target.repository, tag, call);
    if (there === undefined || there === digest) continue;
    throw new SlipwayError('NAME_CONFLICT', `refusing to clobber existing tag ${tag}@${there}`, {
      hint: 'choose another tag, or leave out --no-clobber',
      detail: { tag, digest: there },
    });
  }
}

/** How content moves between the two; what is learnt of registries on the way is remembered by `keep`. */
export async function copyContext(
  resources: Resources,
  { source, target }: Pick<OpenedPlaces, 'source' | 'target'>,
  { events, signal }: CallContext,
): Promise<{ readonly put: PutOptions; readonly keep: () => void }> {
  const { registries } = await resources.store();
  const seen = new Set<Descriptor['digest']>();
  const name = target.place.kind === 'registry' ? target.name : undefined;
  const mountFrom = isSameRegistry(source, target)
    ? () => source.name?.repository
    : ({ digest }: Descriptor) => name && registries.elsewhere(digest, name);
  const put = {
    host: hostPlatform(process.arch),
    limit: resources.transfers,
    mountFrom,
    onBlob: ({ digest }: Descriptor) => void seen.add(digest),
    ...(events ? { events } : {}),
    ...(signal ? { signal } : {}),
  };
  const keep = (): void => {
    if (seen.size === 0) return;
    if (name) registries.saw(seen, name);
    if (source.place.kind === 'registry' && source.name) registries.saw(seen, source.name);
  };
  return { put, keep };
}

function isSameRegistry(source: ImageSource, target: ImageTarget): boolean {
  return (
    source.place.kind === 'registry' &&
    target.place.kind === 'registry' &&
    source.name?.registry === target.name?.registry &&
    source.name?.repository !== target.name?.repository
  );
}

function formatSource(source: ImageSource, selector: string): string {
  const { place, name } = source;
  if (place.kind !== 'registry' || !name) return formatPlace(place);
  const { tag, digest } = place.reference;
  return tag === undefined && digest === undefined
    ? `docker://${familiarReference(name)}${selector.includes(':') ? '@' : ':'}${selector}`
    : formatPlace(place);
}

/** As it can be written again. */
function placesAt(target: ImageTarget, { tags, name }: OutgoingImage): readonly string[] {
  const { place } = target;
  const named = target.name ?? name;
  const written = (tag: string): string => {
    switch (place.kind) {
      case 'registry':
        return named ? `docker://${familiarReference({ ...named, tag })}` : formatPlace(place);
      case 'store':
        return named ? `store:${familiarReference({ ...named, tag })}` : formatPlace(place);
      default: {
        const whole =
          target.kind === 'archive' && named ? familiarReference({ ...named, tag }) : tag;
        return formatPlace({ ...place, name: whole });
      }
    }
  };
  return tags.length > 0 ? tags.map(written) : [formatPlace(place)];
}
