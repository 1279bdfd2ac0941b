/**
 * Opens a place for reading (core/place.ts has the grammar): a repository, and what the place names in
 * it. A registry is asked with the user's credentials, by way of its mirrors; the local store is held
 * by a lease; folders and tars are read where they lie, whatever their form.
 */
import { existsSync } from 'node:fs';
import { isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import { formatPlace, type PathPlace, type Place, type RegistryPlace } from '#core/place.ts';
import { hostPlatform } from '#core/platform.ts';
import {
  familiarReference,
  parseReference,
  type Reference,
  repositoryKey,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import type { CallContext } from '#engine.ts';
import { openArchive } from '#image/archive-open.ts';
import { sortArchive } from '#image/load-companions.ts';
import type { ImageSource } from '#image/places.ts';
import {
  imageUnknown,
  type LocalImage,
  type ResolveOptions,
  resolveImage,
} from '#image/resolve.ts';
import type { ReferrersBy } from '#remote/referrers.ts';
import { NAMELESS } from '#store/images.ts';
import type { Lease } from '#store/leases.ts';
import type { PackedRepository } from '#store/packed-repository.ts';
import { resolvedIn } from '#store/resolved-in.ts';
import { wholeArchives } from './load.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

/** @throws FILE_MISSING, FILE_UNUSABLE, ARCHIVE_INVALID, IMAGE_ID_AMBIGUOUS, REGISTRY_BLOCKED */
export async function openSource(
  resources: Resources,
  place: Place,
  options: CallContext & { readonly referrersBy?: ReferrersBy } = {},
): Promise<ImageSource> {
  switch (place.kind) {
    case 'registry':
      return await registrySource(resources, place, options);
    case 'store':
      return await storeSource(resources, place);
    default:
      return await pathSource(resources, place, options);
  }
}

async function registrySource(
  resources: Resources,
  place: RegistryPlace,
  options: CallContext & { readonly referrersBy?: ReferrersBy },
): Promise<ImageSource> {
  const { reference } = place;
  const events = options.events ?? ignoreEvents;
  const repository = await remoteRepository(resources, reference, { ...options, events });
  return {
    place,
    repository,
    name: nameOf(reference),
    selector: async () => selectorOf(reference),
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

/** By name, digest or ID, as everywhere; a name that is not there yet has no image, but may have tags. */
async function storeSource(
  resources: Resources,
  place: Extract<Place, { kind: 'store' }>,
): Promise<ImageSource> {
  const store = await resources.store();
  const lease = await store.lease({ purpose: `read ${formatPlace(place)}` });
  const shared = { place, lease, [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose]() };
  try {
    const reference = referenceIn(place.name);
    const repository = reference && store.repository(imagesOf(reference, lease));
    const root = repository && (await resolvedIn(repository, selectorOf(reference)));
    if (repository && root) {
      const name = nameOf(reference);
      return { ...shared, repository, name, selector: async () => selectorOf(reference) };
    }
    const image = await imageOrNothing(place.name, { store, lease, ...ANY_PLATFORM });
    if (image) {
      return { ...shared, ...namedAs(image), selector: async () => image.root.digest };
    }
    if (!repository) throw imageUnknown(place.name);
    const selector = async (): Promise<never> => {
      throw imageUnknown(place.name);
    };
    return { ...shared, repository, name: nameOf(reference), selector };
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

const ANY_PLATFORM = { platform: hostPlatform(process.arch), orAnyPlatform: true } as const;

function imagesOf(reference: Reference, lease: Lease) {
  return { space: 'images', name: repositoryKey(reference), lease } as const;
}

function namedAs({ repository, repositoryName }: LocalImage) {
  const name = repositoryName === NAMELESS ? undefined : parseReference(repositoryName);
  return { repository, ...(name ? { name } : {}) };
}

function referenceIn(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID') && /^(sha256:)?[0-9a-f]+$/.test(text)) return;
    throw error;
  }
}

async function imageOrNothing(
  text: string,
  options: ResolveOptions,
): Promise<LocalImage | undefined> {
  try {
    return await resolveImage(text, options);
  } catch (error) {
    if (isSlipwayError(error, 'IMAGE_UNKNOWN')) return undefined;
    throw error;
  }
}

async function pathSource(
  resources: Resources,
  place: PathPlace,
  { signal }: CallContext,
): Promise<ImageSource> {
  const { path, name } = place.kind === 'path' ? splitPath(place) : place;
  const store = await resources.store();
  const [input, ...others] = await wholeArchives(path, store);
  if (input === undefined || others.length > 0) throw new Error('invariant broken: one archive');
  const archive = await openArchive(input, {
    temporary: () => store.paths.temporary('ingest'),
    ...(signal ? { signal } : {}),
  });
  const { repository } = archive;
  return {
    place,
    repository,
    archive: repository,
    selector: async () => place.digest ?? (await selectorIn(repository, { name, path })),
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

/** `./x.tar:app:1` where there is an `x.tar`, and no file of the whole name. */
function splitPath({ path }: PathPlace): { readonly path: string; readonly name?: string } {
  if (existsSync(path)) return { path };
  for (const { index } of path.matchAll(/:/g)) {
    const file = path.slice(0, index);
    if (existsSync(file)) return { path: file, name: path.slice(index + 1) };
  }
  return { path };
}

/** As it is written in the archive, else as a whole name; without one the only image there is. */
async function selectorIn(
  repository: PackedRepository,
  { name, path }: { readonly name: string | undefined; readonly path: string },
): Promise<string> {
  const { images } = await sortArchive(repository);
  const number = /^@(\d+)$/.exec(name ?? '')?.[1];
  if (number !== undefined) {
    const image = images[Number(number)];
    if (!image) throw notIn(path, `no image number ${number}`, images);
    return image.manifest.digest;
  }
  if (name !== undefined) {
    const known = repository.images.flatMap(({ names, refNames }) => [
      ...names.map(familiarReference),
      ...refNames,
    ]);
    if (isDigest(name) || known.includes(name)) return name;
    const whole = referenceOrNothing(name);
    const familiar = whole && familiarReference(withDefaultTag(whole));
    if (familiar !== undefined && known.includes(familiar)) return familiar;
    throw notIn(path, `no image called ${name}`, images);
  }
  const [only, ...others] = images;
  if (only && others.length === 0) return only.manifest.digest;
  throw notIn(path, only ? `${others.length + 1} images` : 'no image', images);
}

function referenceOrNothing(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}

const NAMES_SHOWN_MAX = 10;

function notIn(path: string, what: string, images: PackedRepository['images']): SlipwayError {
  const all = images.flatMap(({ names, refNames }) =>
    names.length > 0 ? names.map(familiarReference) : refNames,
  );
  const shown = all.slice(0, NAMES_SHOWN_MAX).join(', ');
  const more = all.length > NAMES_SHOWN_MAX ? ` and ${all.length - NAMES_SHOWN_MAX} more` : '';
  return new SlipwayError('MANIFEST_UNKNOWN', `${path} has ${what}`, {
    hint:
      all.length > 0
        ? `name one after a colon: ${shown}${more}`
        : 'name one by its place, the first one :@0, or by its digest, @sha256:…',
    detail: { path, names: all },
  });
}

function nameOf({ registry, repository }: Reference): Reference {
  return { registry, repository };
}
