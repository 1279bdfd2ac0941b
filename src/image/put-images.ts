/**
 * Images with what belongs to them (signatures, SBOMs) into any opened place, as they are: digests
 * survive. A tag is set when everything that belongs to it is there: the image, then what refers to it,
 * then the tags.
 */
import type { LimitFunction } from 'p-limit';
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink, TransferEvent } from '#core/events.ts';
import { formatPlace } from '#core/place.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import {
  type CallOptions,
  canSetTags,
  type RawManifest,
  type ReferrerLister,
  type Repository,
} from '#core/repository.ts';
import { type ArchivedTree, lookUp, planArchive } from '#store/archive-plan.ts';
import { type Companion, companionsIn } from '#store/companions.ts';
import type { Lease } from '#store/leases.ts';
import { type WalkedImage, walkImage } from '#store/walk.ts';
import { checkArrived } from './check-arrived.ts';
import { copyWalked } from './copy.ts';
import type { ArchiveTarget, ImageTarget, RepositoryTarget } from './places.ts';
import { writeArchive } from './save.ts';
import { selectAnyManifest, selectManifest } from './select.ts';

export interface OutgoingImage {
  readonly from: Repository & ReferrerLister;
  /** A tag or digest of `from`. */
  readonly selector: string;
  /** What it gets in the target; empty: it is there by digest only. */
  readonly tags: readonly string[];
  /** What it is called where it comes from, without a tag: for archives, which keep whole names. */
  readonly name?: Reference;
  /** Of an index, only this platform's image, which then stands for it. Absent: everything. */
  readonly platform?: Platform;
  /** Signatures, SBOMs and whatever else refers to it stay behind. */
  readonly noReferrers?: boolean;
  /** Keeps what is read from gc. */
  readonly lease?: Lease;
}

export interface PutOptions {
  /** Which image of an index old readers of archives see. */
  readonly host: Platform;
  readonly limit: LimitFunction;
  /** A repository on the registry of the target that may have a blob already. */
  readonly mountFrom?: (blob: Descriptor) => string | undefined;
  /** How the events are marked; default `push`. */
  readonly direction?: TransferEvent['direction'];
  readonly events?: EventSink;
  readonly signal?: AbortSignal;
}

/** What the target has now, in the order of the images. @throws what the places throw */
export async function putImages(
  target: ImageTarget,
  images: readonly OutgoingImage[],
  options: PutOptions,
): Promise<readonly Descriptor[]> {
  if (target.kind === 'archive') return await archiveImages(target, images, options);
  const put: Descriptor[] = [];
  for (const image of images) put.push(await putImage(target, image, options));
  return put;
}

interface Family {
  readonly image: WalkedImage;
  readonly companions: readonly (Companion & { readonly walked: WalkedImage })[];
}

/** An image and all that refers to it, looked up, and held where it can go away. */
async function familyOf(image: OutgoingImage, call: CallOptions): Promise<Family> {
  const { from, selector, platform, noReferrers = false, lease } = image;
  const choose = platform ? { choose: chooser(platform) } : {};
  const walked = await walkImage(from, { selector, ...choose, ...call });
  const subjects = walked.manifests.map(({ raw }) => raw.digest);
  const found = noReferrers ? [] : await companionsIn(from, { subjects, ...call });
  const companions: Family['companions'][number][] = [];
  for (const companion of found) {
    const own = await walkImage(from, { selector: companion.digest, ...call });
    companions.push({ ...companion, walked: own });
  }
  for (const { manifests, blobs } of [walked, ...companions.map((one) => one.walked)]) {
    for (const { raw } of manifests) lease?.hold(raw.digest);
    for (const { digest } of blobs) lease?.hold(digest);
  }
  return { image: walked, companions };
}

function chooser(platform: Platform) {
  return (index: Parameters<typeof selectManifest>[0]) => selectManifest(index, platform);
}

async function putImage(
  target: RepositoryTarget,
  image: OutgoingImage,
  options: PutOptions,
): Promise<Descriptor> {
  const { repository: to, arriving } = target;
  const call = options.signal ? { signal: options.signal } : {};
  const family = await familyOf(image, call);
  const { direction = 'push' } = options;
  const copying = { ...options, from: image.from, to, direction };
  const { raw, manifest } = await copyWalked(family.image, {
    ...copying,
    ...(arriving ? { check: (walked) => checkArrived(walked, arriving) } : {}),
  });
  for (const { walked, tag } of family.companions) {
    await copyWalked(walked, { ...copying, ...(tag === undefined ? {} : { tag }) });
  }
  await setTags(to, raw, image.tags, call);
  return manifest;
}

async function setTags(
  to: Repository,
  raw: RawManifest,
  tags: readonly string[],
  call: CallOptions,
): Promise<void> {
  if (tags.length === 0) return;
  if (canSetTags(to)) await to.setTags(raw, tags, call);
  else for (const tag of tags) await to.putManifest(raw, { ...call, tag });
}

async function archiveImages(
  target: ArchiveTarget,
  images: readonly OutgoingImage[],
  options: PutOptions,
): Promise<readonly Descriptor[]> {
  const { signal, events } = options;
  const call = signal ? { signal } : {};
  const trees = new Map<string, ArchivedTree>();
  const tops: Descriptor[] = [];
  for (const image of images) {
    const { from, platform } = image;
    const family = await familyOf(image, call);
    const names = namesIn(target, image);
    const choose = platform ? { choose: chooser(platform) } : {};
    const tree = await lookUp(
      { from, selector: family.image.root.digest, names, ...choose },
      signal,
    );
    const known = trees.get(tree.top.digest);
    trees.set(tree.top.digest, known ? { ...known, names: [...known.names, ...names] } : tree);
    tops.push(tree.top);
    for (const { digest, subject, tag } of family.companions) {
      if (trees.has(digest)) continue;
      const [name] = names;
      const own = tag === undefined || name === undefined ? [] : [{ ...name, tag }];
      trees.set(digest, await lookUp({ from, selector: digest, names: own, subject }, signal));
    }
  }
  const show = (index: Parameters<typeof selectAnyManifest>[0]) =>
    selectAnyManifest(index, options.host);
  const plan = planArchive({ images: [...trees.values()], show });
  await writeArchive(plan, { output: target.path, ...call, ...(events ? { events } : {}) });
  return tops;
}

/** A tag belongs to a name: the target's, else that of where the image comes from. */
function namesIn(target: ArchiveTarget, { name, tags }: OutgoingImage): readonly Reference[] {
  if (tags.length === 0) return [];
  const named = target.name ?? name;
  if (named) return tags.map((tag) => ({ ...named, tag }));
  throw new SlipwayError('USAGE', `what shall the image be called in ${target.path}?`, {
    hint: `give it a whole name: ${formatPlace(target.place)}:NAME:TAG`,
    detail: { path: target.path, tags },
  });
}
