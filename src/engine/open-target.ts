/**
 * Opens a place for writing (core/place.ts has the grammar). Registries, the local store and OCI
 * layouts are repositories that take content piece by piece; an archive is written in one go, once
 * everything that goes into it is known.
 */
import { existsSync, statSync } from 'node:fs';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import { formatPlace, type PathPlace, type Place, type RegistryPlace } from '#core/place.ts';
import { isTag, parseReference, type Reference, repositoryKey } from '#core/reference.ts';
import type { CallContext } from '#engine.ts';
import type { ArchiveTarget, ImageTarget, RepositoryTarget } from '#image/places.ts';
import { removeLeft } from '#store/layout-prune.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { OciLayout } from '#store/oci-layout.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export interface TargetOptions extends CallContext {
  /** Nothing will be written: a folder that is missing is not made. */
  readonly isTrial?: boolean;
}

/** @throws USAGE, REFERENCE_INVALID, FILE_MISSING, ARCHIVE_INVALID, REGISTRY_BLOCKED */
export async function openTarget(
  resources: Resources,
  place: Place,
  options: TargetOptions = {},
): Promise<ImageTarget> {
  switch (place.kind) {
    case 'registry':
      return await registryTarget(resources, place, options);
    case 'store':
      return await storeTarget(resources, place);
    case 'oci':
      return await layoutTarget(place, options);
    case 'path':
      return isFolder(place.path) ? await layoutTarget(place, options) : archiveTarget(place);
    default:
      return archiveTarget(place);
  }
}

async function registryTarget(
  resources: Resources,
  place: RegistryPlace,
  options: CallContext,
): Promise<RepositoryTarget> {
  const { tag, ...name } = withoutDigest(place.reference, place);
  const { registries } = await resources.store();
  const repository = await remoteRepository(resources, name, {
    ...options,
    events: options.events ?? ignoreEvents,
    uploads: registries.uploads(name),
    forPush: true,
  });
  return {
    kind: 'repository',
    place,
    repository,
    name,
    ...(tag === undefined ? {} : { tag }),
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

async function storeTarget(
  resources: Resources,
  place: Extract<Place, { kind: 'store' }>,
): Promise<RepositoryTarget> {
  const { tag, ...name } = withoutDigest(parseReference(place.name), place);
  const store = await resources.store();
  const lease = await store.lease({ purpose: `write ${formatPlace(place)}` });
  const blobs = store.arrivingBlobs(lease);
  return {
    kind: 'repository',
    place,
    repository: store.repository({ space: 'images', name: repositoryKey(name), lease, blobs }),
    name,
    ...(tag === undefined ? {} : { tag }),
    arriving: blobs,
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}

async function layoutTarget(
  place: PathPlace,
  { isTrial = false }: TargetOptions,
): Promise<RepositoryTarget> {
  refuseDigest(place.digest, place);
  const isMissing = isTrial && !existsSync(place.path);
  if (!isTrial && isFolder(place.path)) await removeLeft(place.path);
  return {
    kind: 'repository',
    place,
    repository: isMissing
      ? new MemoryRepository()
      : await OciLayout.open(place.path, { create: !isTrial }),
    ...(place.name === undefined ? {} : { tag: place.name }),
    [Symbol.asyncDispose]: async () => {},
  };
}

function archiveTarget(place: PathPlace): ArchiveTarget {
  refuseDigest(place.digest, place);
  const { kind, path, name } = place;
  if (kind === 'path' && !path.endsWith('.tar')) {
    throw new SlipwayError('USAGE', `what shall be written to ${path}?`, {
      hint: `say oci:${path} for a folder, bundle:${path} for one file`,
      detail: { path },
    });
  }
  return {
    kind: 'archive',
    place,
    path,
    ...archivedName(name),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** `v1` alone is a tag: nobody names an image in an archive without saying which version it is. */
function archivedName(text: string | undefined): Pick<ArchiveTarget, 'name' | 'tag'> {
  if (text === undefined) return {};
  if (isTag(text)) return { tag: text };
  const { tag = 'latest', ...name } = parseReference(text);
  return { name, tag };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function withoutDigest({ digest, ...name }: Reference, place: Place): Reference {
  refuseDigest(digest, place);
  return name;
}

function refuseDigest(digest: string | undefined, place: Place): void {
  if (digest === undefined) return;
  throw new SlipwayError('USAGE', `cannot write to a digest: ${formatPlace(place)}`, {
    hint: 'name a tag: the digest follows from what is written',
    detail: { digest },
  });
}
