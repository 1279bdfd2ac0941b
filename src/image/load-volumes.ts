/**
 * `load` of an archive in volumes. All at hand: they are read as one archive where they lie. Some:
 * they are checked and kept in the store (incoming.ts), what they complete is loaded, and the rest is
 * named; with the last of them, on whatever stick, everything is. A volume that is not what the list
 * says is named, so that it alone needs to be sent again.
 */
import { stat } from 'node:fs/promises';
import { type ErrorKind, errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type EventSink, ignoreEvents } from '#core/events.ts';
import { familiarReference, formatReference, parseReference } from '#core/reference.ts';
import type { BundleImage } from '#store/bundle-document.ts';
import { onDisk } from '#store/disk-errors.ts';
import { dropIncoming, isRight, keepVolume, keptVolumes } from '#store/incoming.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { StorePaths } from '#store/paths.ts';
import type { Segment } from '#store/segments.ts';
import { segmentOf, type Volume, type VolumesDocument } from '#store/volumes-document.ts';
import { type GivenVolumes, volumesMissing } from './archive-inputs.ts';
import { type ArrivedImage, type LoadOptions, loadImages } from './load.ts';

type LoadVolumesOptions = Omit<LoadOptions, 'input'>;

/**
 * The images that could be loaded; what is not complete yet is told by events.
 * @throws VOLUME_DAMAGED, ARCHIVE_INCOMPLETE (blobs that no volume has), and what loadImages throws
 */
export async function loadVolumes(
  given: GivenVolumes,
  options: LoadVolumesOptions,
): Promise<readonly ArrivedImage[]> {
  const arrived: ArrivedImage[] = [];
  const onLoaded = (image: ArrivedImage): void => {
    if (arrived.some(({ digest }) => digest === image.digest)) return;
    arrived.push(image);
    options.onLoaded?.(image);
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await loadFound(given, { ...options, onLoaded }, arrived);
    } catch (error) {
      // Another load was done with these volumes and dropped them: what there is now decides.
      if (errnoOf(error) !== 'ENOENT' || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

const ATTEMPTS_MAX = 3;

async function loadFound(
  given: GivenVolumes,
  options: LoadVolumesOptions,
  arrived: readonly ArrivedImage[],
): Promise<readonly ArrivedImage[]> {
  const { paths } = options.store;
  const found = await findVolumes(given, options.store);
  const { list } = given;
  const isWhole = found.size === list.volumes.length;
  if (!isWhole) await keepAll(given, found, options);
  const segments = segmentsIn(list, found);
  try {
    await loadImages({ ...options, input: isWhole ? segments : { list, segments } });
  } catch (error) {
    const unfinished = isWhole ? [] : unfinishedIn(list, found, arrived);
    if (!isSlipwayError(error, 'ARCHIVE_INCOMPLETE') || !areOnlyWaiting(unfinished)) {
      throw (await damageOf(list, found, { error, options })) ?? error;
    }
    const { events = ignoreEvents } = options;
    if (!(await areHere(unfinished, options.store))) {
      tellProgress(list, found, { unfinished, events });
      return arrived;
    }
    events({ kind: 'note', level: 'info', text: 'the images of these volumes are here already' });
  }
  await dropIncoming(paths, list);
  return arrived;
}

/** Those given and those kept earlier, as one archive. @throws VOLUME_MISSING, VOLUME_DAMAGED */
export async function wholeSegments(
  given: GivenVolumes,
  store: LocalStore,
): Promise<readonly Segment[]> {
  const found = await findVolumes(given, store);
  const missing = given.list.volumes.filter(({ name }) => !found.has(name));
  if (missing.length > 0) throw volumesMissing(missing.map(({ name }) => name));
  return segmentsIn(given.list, found);
}

type Places = Map<string, string>;

async function findVolumes(given: GivenVolumes, { paths }: LocalStore): Promise<Places> {
  const { list } = given;
  for (const volume of list.volumes) {
    const path = given.paths.get(volume.name);
    if (path === undefined) continue;
    const { size } = await onDisk(path, () => stat(path));
    if (size !== volume.size) throw damaged([volume], `has ${size} bytes, not ${volume.size}`);
  }
  return new Map([...given.paths, ...(await keptVolumes(paths, list))]);
}

/** Copies what will not be here the next time. */
async function keepAll(
  { list }: GivenVolumes,
  found: Places,
  { store: { paths }, signal }: LoadVolumesOptions,
): Promise<void> {
  const kept = await keptVolumes(paths, list);
  for (const volume of list.volumes) {
    const from = found.get(volume.name);
    if (from === undefined || kept.has(volume.name)) continue;
    const path = await keepVolume(paths, { list, volume, from }, signal ? { signal } : {});
    if (path === undefined) throw damaged([volume], 'is not what was written');
    found.set(volume.name, path);
  }
}

function segmentsIn({ volumes }: VolumesDocument, found: Places): readonly Segment[] {
  return volumes.flatMap((volume) => {
    const path = found.get(volume.name);
    return path === undefined ? [] : [segmentOf(volume, path)];
  });
}

interface Failure {
  readonly error: unknown;
  readonly options: LoadVolumesOptions;
}

/** Content was wrong: which volumes are to blame, found by reading them once more. */
async function damageOf(
  list: VolumesDocument,
  found: Places,
  { error, options }: Failure,
): Promise<SlipwayError | undefined> {
  // A name or an offset may have been hit as well: then something seems to be missing.
  const kinds: readonly ErrorKind[] = ['integrity', 'invalid', 'not-found'];
  if (!isSlipwayError(error) || !kinds.includes(error.kind)) return undefined;
  const { signal, store } = options;
  const bad: Volume[] = [];
  for (const volume of list.volumes) {
    const path = found.get(volume.name);
    if (path === undefined || (await isRight(volume, path, signal ? { signal } : {}))) continue;
    bad.push(volume);
    await forgetKept(store.paths, list, { volume, path });
  }
  return bad.length === 0
    ? undefined
    : damaged(
        bad,
        bad.length === 1 ? 'is not what was written' : 'are not what was written',
        error,
      );
}

/** A kept volume that went bad must not stand in the way of a good one. */
async function forgetKept(
  paths: StorePaths,
  list: VolumesDocument,
  { volume, path }: { readonly volume: Volume; readonly path: string },
): Promise<void> {
  if (path.startsWith(paths.incoming)) await dropIncoming(paths, list, volume);
}

function damaged(volumes: readonly Volume[], why: string, cause?: unknown): SlipwayError {
  const names = volumes.map(({ name }) => name).join(', ');
  const numbers = volumes.map(({ name }) => Number(/\d+$/.exec(name)?.[0])).join(',');
  const stem = volumes[0]?.name.replace(/\.\d+$/, '');
  return new SlipwayError('VOLUME_DAMAGED', `${names} ${why}`, {
    hint: `copy it again; or where it came from: slipway save --volumes ${numbers} with the same -o ${stem}, --volume-size and images`,
    detail: { volumes: volumes.map(({ name }) => name) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** An image of the archive that is not loaded, and the volumes it waits for. */
interface Unfinished {
  readonly image: BundleImage;
  readonly needs: readonly Volume[];
}

function unfinishedIn(
  list: VolumesDocument,
  found: Places,
  arrived: readonly ArrivedImage[],
): readonly Unfinished[] {
  const done = new Set<string>(
    arrived.flatMap(({ digest, names }) => [digest, ...names.map(formatReference)]),
  );
  const blobs = new Map(list.bundle.blobs.map((blob) => [blob.digest, blob]));
  const absent = list.volumes.filter(({ name }) => !found.has(name));
  return list.bundle.images
    .filter(({ digest, names }) => ![digest, ...names].some((one) => done.has(one)))
    .map((image) => {
      const places = image.blobs.flatMap((digest) => blobs.get(digest) ?? []);
      const isIn = (volume: Volume): boolean => places.some((place) => overlap(place, volume));
      return { image, needs: absent.filter(isIn) };
    });
}

interface Extent {
  readonly offset: number;
  readonly size: number;
}

function overlap(one: Extent, other: Extent): boolean {
  return one.offset < other.offset + other.size && other.offset < one.offset + one.size;
}

/** Images wait for nothing but volumes that are still to come. Companions follow their image. */
function areOnlyWaiting(unfinished: readonly Unfinished[]): boolean {
  const waiting = unfinished.filter(({ needs }) => needs.length > 0);
  const stuck = unfinished.filter(
    ({ image, needs }) => needs.length === 0 && image.subject === undefined,
  );
  return waiting.length > 0 && stuck.length === 0;
}

/**
 * All have their names in the store and nothing of them is lost: an earlier load, or another one
 * meanwhile, was complete. Of an image that lost a blob the volumes bring it back, so they must wait.
 */
async function areHere(unfinished: readonly Unfinished[], store: LocalStore): Promise<boolean> {
  if (!areNamed(unfinished, store)) return false;
  await using lease = await store.lease({ purpose: 'load' });
  const blobs = store.blobs(lease);
  for (const digest of new Set(unfinished.flatMap(({ image }) => image.blobs))) {
    if (!(await blobs.stat(digest))) return false;
  }
  return true;
}

function areNamed(unfinished: readonly Unfinished[], { images }: LocalStore): boolean {
  const named = new Set<string>(
    images
      .list()
      .flatMap(({ repository, digest, tags }) => [
        digest,
        ...tags.map((tag) => `${repository}:${tag} ${digest}`),
      ]),
  );
  return unfinished.every(({ image: { digest, names } }) =>
    names.length === 0
      ? named.has(digest)
      : names.every((name) => named.has(`${formatReference(parseReference(name))} ${digest}`)),
  );
}

function tellProgress(
  { volumes }: VolumesDocument,
  found: Places,
  {
    unfinished,
    events,
  }: {
    readonly unfinished: readonly Unfinished[];
    readonly events: EventSink;
  },
): void {
  const note = (text: string): void => events({ kind: 'note', level: 'info', text });
  const absent = volumes.filter(({ name }) => !found.has(name));
  note(`${found.size} of ${volumes.length} volumes are here; still to come: ${namesOf(absent)}`);
  for (const { image, needs } of unfinished) {
    if (needs.length === 0 || image.subject !== undefined) continue;
    note(`not complete yet: ${shownName(image)} needs ${namesOf(needs)}`);
  }
}

function shownName({ names: [name], digest }: BundleImage): string {
  return name === undefined ? digest : familiarReference(parseReference(name));
}

/** A few by name: a long list tells nobody which stick to take next. */
function namesOf(volumes: readonly Volume[]): string {
  const names = volumes.slice(0, NAMES_MAX).map(({ name }) => name);
  const more = volumes.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const NAMES_MAX = 8;
