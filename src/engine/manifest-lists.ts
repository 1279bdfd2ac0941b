/** `slipway manifest`: lists are made here, of images in registries, and pushed when they are done. */
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest, descriptorOf } from '#core/manifest.ts';
import type { ListedManifest, ManifestInspection } from '#core/manifest-list.ts';
import {
  formatReference,
  parseReference,
  type Reference,
  repositoryKey,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import type { CallOptions, Repository } from '#core/repository.ts';
import type { CallContext } from '#engine.ts';
import { copyImage } from '#image/copy.ts';
import {
  annotated,
  descriptorsIn,
  encodeManifestList,
  lookUpImage,
  needPlatforms,
  type PlatformChanges,
  unlessUnknown,
} from '#image/manifest-list.ts';
import { accessOf, callOf } from './call-context.ts';
import type {
  CreateListOptions,
  InspectManifestOptions,
  PushListOptions,
} from './registry-tools.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export async function createManifestList(
  resources: Resources,
  name: string,
  images: readonly string[],
  options: CreateListOptions,
): Promise<Reference> {
  const list = named(name);
  const { manifestLists } = await resources.store();
  const key = formatReference(list);
  const known = manifestLists.images(key);
  if (known.length > 0 && !options.amend) {
    throw new SlipwayError(
      'NAME_CONFLICT',
      'refusing to amend an existing manifest list with no --amend flag',
      { hint: `give --amend, or begin anew after slipway manifest rm ${name}` },
    );
  }
  const found: ListedManifest[] = [];
  for (const image of images) {
    const reference = named(image);
    const text = formatReference(reference);
    const before = known.find((one) => one.reference === text);
    found.push(before ?? (await lookUpRemote(resources, reference, options)));
  }
  manifestLists.put(key, found);
  return list;
}

async function lookUpRemote(
  resources: Resources,
  reference: Reference,
  options: CallContext,
): Promise<ListedManifest> {
  await using remote = await remoteRepository(resources, reference, accessOf(options));
  const image = { selector: selectorOf(reference), reference: formatReference(reference) };
  return await lookUpImage(remote, image, callOf(options));
}

export async function annotateManifest(
  resources: Resources,
  { list, image }: { readonly list: string; readonly image: string },
  changes: PlatformChanges,
): Promise<void> {
  const { manifestLists } = await resources.store();
  const key = formatReference(named(list));
  const text = formatReference(named(image));
  const found = manifestLists.images(key).find(({ reference }) => reference === text);
  if (!found) {
    throw new SlipwayError(
      'MANIFEST_UNKNOWN',
      `manifest for image ${image} does not exist in ${list}`,
      { hint: `slipway manifest create --amend ${list} ${image}` },
    );
  }
  manifestLists.put(key, [annotated(found, changes)]);
}

export async function inspectManifest(
  resources: Resources,
  name: string,
  options: InspectManifestOptions,
): Promise<ManifestInspection> {
  const reference = named(name);
  const { manifestLists } = await resources.store();
  const text = formatReference(reference);
  if (options.list !== undefined) {
    const inList = manifestLists.images(formatReference(named(options.list)));
    const image = inList.find((one) => one.reference === text);
    if (!image) throw noSuchList(text);
    return { kind: 'image', image };
  }
  const images = manifestLists.images(text);
  if (images.length > 0) return { kind: 'list', raw: encodeManifestList(images), images };
  return await inspectRemote(resources, reference, options);
}

async function inspectRemote(
  resources: Resources,
  reference: Reference,
  { withImages = false, ...options }: InspectManifestOptions,
): Promise<ManifestInspection> {
  const text = formatReference(reference);
  const call = callOf(options);
  await using remote = await remoteRepository(resources, reference, accessOf(options));
  const raw = await unlessUnknown(remote.getManifest(selectorOf(reference), call), text);
  if (decodeManifest(raw).kind === 'index') {
    const images = withImages ? await imagesOf(remote, { reference, raw }, call) : [];
    return { kind: 'list', raw, images };
  }
  if (!withImages)
    return { kind: 'image', image: { reference: text, raw, descriptor: descriptorOf(raw) } };
  const image = await lookUpImage(remote, { selector: raw.digest, reference: text }, call);
  return { kind: 'image', image };
}

async function imagesOf(
  remote: Repository,
  { reference, raw }: Pick<ListedManifest, 'raw'> & { readonly reference: Reference },
  call: CallOptions,
): Promise<readonly ListedManifest[]> {
  const images: ListedManifest[] = [];
  for (const descriptor of descriptorsIn(raw)) {
    const child = await remote.getManifest(descriptor.digest, call);
    const name = formatReference({ ...reference, digest: descriptor.digest });
    images.push({ reference: name, descriptor, raw: child });
  }
  return images;
}

/** Images that the registry of the list lacks are brought there first. */
export async function pushManifestList(
  resources: Resources,
  name: string,
  options: PushListOptions,
): Promise<ListedManifest['descriptor']> {
  const list = named(name);
  const { manifestLists } = await resources.store();
  const key = formatReference(list);
  const images = manifestLists.images(key);
  if (images.length === 0) throw noSuchList(key);
  needPlatforms(images);
  const { tag } = list;
  const access = { ...accessOf(options), forPush: true };
  await using target = await remoteRepository(resources, list, access);
  for (const image of images) {
    const source = parseReference(image.reference);
    if (repositoryKey(source) === repositoryKey(list)) continue;
    await copyTo(target, { resources, list, source, image }, options);
    const { digest } = image.descriptor;
    const { registry, repository } = list;
    options.onPushed?.({ reference: { registry, repository, digest }, manifest: image.descriptor });
  }
  const raw = encodeManifestList(images);
  const put = await target.putManifest(raw, {
    ...callOf(options),
    ...(tag === undefined ? {} : { tag }),
  });
  if (options.purge) manifestLists.remove(key);
  return put;
}

interface Listed {
  readonly resources: Resources;
  readonly list: Reference;
  readonly source: Reference;
  readonly image: ListedManifest;
}

async function copyTo(
  target: Repository,
  { resources, list, source, image }: Listed,
  options: CallContext,
): Promise<void> {
  await using from = await remoteRepository(resources, source, accessOf(options));
  const mounted = source.registry === list.registry;
  await copyImage({
    from,
    selector: image.descriptor.digest,
    to: target,
    direction: 'push',
    limit: resources.transfers,
    ...(mounted ? { mountFrom: () => source.repository } : {}),
    ...(options.events ? { events: options.events } : {}),
    ...callOf(options),
  });
}

export async function removeManifestList(resources: Resources, name: string): Promise<void> {
  const { manifestLists } = await resources.store();
  const key = formatReference(named(name));
  if (!manifestLists.remove(key)) throw noSuchList(key);
}

function noSuchList(reference: string): SlipwayError {
  return new SlipwayError('MANIFEST_UNKNOWN', `No such manifest: ${reference}`, {
    hint: 'slipway manifest create makes a list here',
  });
}

/** docker's: `latest` unless it says more. */
function named(text: string): Reference {
  return withDefaultTag(parseReference(text));
}
