/**
 * Opens a place for what is to be added to an image that is there: signatures, SBOMs. A registry is
 * asked as for a push, since what a mirror has need not be what the registry has.
 */
import { statSync } from 'node:fs';
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import { ignoreEvents } from '#core/events.ts';
import { decodeManifest } from '#core/manifest.ts';
import { isIndexType } from '#core/media-type.ts';
import { formatPlace, type PathPlace, type Place, parsePlace } from '#core/place.ts';
import type { Platform } from '#core/platform.ts';
import { familiarName, selectorOf } from '#core/reference.ts';
import type { ReferrerLister, Repository } from '#core/repository.ts';
import type { CallContext } from '#engine.ts';
import type { ImageSource } from '#image/places.ts';
import { selectManifest } from '#image/select.ts';
import type { ReferrersBy } from '#remote/referrers.ts';
import { OciLayout } from '#store/oci-layout.ts';
import { openSource } from './open-source.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export interface SubjectOptions extends CallContext {
  /** Of an index, this image of it. Absent: the index. */
  readonly platform?: Platform;
  /** Where registries keep the list of what refers to an image; absent: as each does. */
  readonly referrersBy?: ReferrersBy;
}

/** The caller disposes it. */
export interface Subject extends AsyncDisposable {
  readonly repository: Repository & ReferrerLister;
  /** What the place names. */
  readonly image: Descriptor;
  /** How people call the repository: `localhost:5000/app`, `oci:FOLDER`. */
  readonly name: string;
  /** `registry`, `store` or `oci-layout`. */
  readonly kind: string;
}

/** To add something. @throws USAGE: an archive; MANIFEST_UNKNOWN, IMAGE_UNKNOWN, PLATFORM_UNKNOWN */
export async function openSubject(
  resources: Resources,
  text: string,
  options: SubjectOptions,
): Promise<Subject> {
  const place = parsePlace(text);
  if (place.kind !== 'registry') {
    const source = await openSource(resources, place, options);
    return await subjectIn(await writable(source, place), place, options);
  }
  const events = options.events ?? ignoreEvents;
  const { reference } = place;
  const remote = await remoteRepository(resources, reference, {
    ...options,
    events,
    forPush: true,
  });
  const source = { repository: remote, selector: async () => selectorOf(reference) };
  const dispose = () => remote[Symbol.asyncDispose]();
  return await subjectIn({ ...source, [Symbol.asyncDispose]: dispose }, place, options);
}

/** To look at what is there. @throws as above, and what opening the place throws */
export async function readSubject(
  resources: Resources,
  text: string,
  options: SubjectOptions,
): Promise<Subject> {
  const place = parsePlace(text);
  return await subjectIn(await openSource(resources, place, options), place, options);
}

type Opened = Pick<ImageSource, 'repository' | 'selector' | typeof Symbol.asyncDispose>;

/** Folders are opened again, by who writes them; archives are written in one go. */
async function writable(source: ImageSource, place: Place): Promise<Opened> {
  if (place.kind === 'registry' || place.kind === 'store') return source;
  await using _ = source;
  const selector = await source.selector();
  const folder = await layoutAt(place);
  return {
    repository: folder,
    selector: async () => selector,
    [Symbol.asyncDispose]: async () => {},
  };
}

async function layoutAt(place: PathPlace): Promise<OciLayout> {
  if (statSync(place.path, { throwIfNoEntry: false })?.isDirectory()) {
    return await OciLayout.open(place.path);
  }
  throw new SlipwayError('USAGE', `nothing can be added to an archive: ${formatPlace(place)}`, {
    hint: 'copy the image into a folder (oci:FOLDER), the store or a registry first',
  });
}

async function subjectIn(
  opened: Opened,
  place: Place,
  { platform, signal }: SubjectOptions,
): Promise<Subject> {
  const { repository } = opened;
  const call = signal ? { signal } : {};
  try {
    let image = await repository.resolve(await opened.selector(), call);
    while (platform && isIndexType(image.mediaType)) {
      const manifest = decodeManifest(await repository.getManifest(image.digest, call));
      if (manifest.kind !== 'index') break;
      image = selectManifest(manifest, platform);
    }
    const { mediaType, digest, size } = image;
    return {
      ...titled(place),
      repository,
      image: { mediaType, digest, size },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

function titled(place: Place): { readonly name: string; readonly kind: string } {
  switch (place.kind) {
    case 'registry':
      return { name: familiarName(place.reference), kind: 'registry' };
    case 'store':
      return { name: `store:${place.name.replace(/(:[^:/@]+)?(@.*)?$/, '')}`, kind: 'store' };
    default:
      return { name: place.path, kind: 'oci-layout' };
  }
}
