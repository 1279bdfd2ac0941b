/** Images into one new archive (store/archive-plan.ts): planned to the byte, then written in one go. */
import type { Descriptor } from '#core/descriptor.ts';
import { SlipwayError } from '#core/errors.ts';
import { descriptorOf, type ImageIndex } from '#core/manifest.ts';
import { formatPlace } from '#core/place.ts';
import type { Reference } from '#core/reference.ts';
import { type ArchivedTree, type ArchivePlan, planArchive, treeOf } from '#store/archive-plan.ts';
import { familyOf, type OutgoingImage } from './family.ts';
import type { ArchiveTarget } from './places.ts';
import type { PutOptions } from './put-images.ts';
import { reportReads } from './report-reads.ts';
import { writeArchive } from './save.ts';
import { selectAnyManifest } from './select.ts';

/** Gives what stands for each image in the archive. */
export async function writeArchived(
  target: ArchiveTarget,
  images: readonly OutgoingImage[],
  options: PutOptions,
): Promise<readonly Descriptor[]> {
  const { signal, events, onPut } = options;
  const { plan, tops } = await planArchived(target, images, options);
  const call = signal ? { signal } : {};
  await writeArchive(plan, { output: target.path, ...call, ...(events ? { events } : {}) });
  for (const [i, image] of images.entries()) {
    const top = tops[i];
    if (top) onPut?.(image, top);
  }
  return tops;
}

export interface PlannedArchive {
  readonly plan: ArchivePlan;
  /** What stands for each image. */
  readonly tops: readonly Descriptor[];
}

/** Nothing is written. @throws USAGE (an image without a name to be), and what the source throws */
export async function planArchived(
  target: ArchiveTarget,
  images: readonly OutgoingImage[],
  options: PutOptions,
): Promise<PlannedArchive> {
  const trees = new Map<string, ArchivedTree>();
  const tops: Descriptor[] = [];
  const add = (tree: ArchivedTree): void => {
    const known = trees.get(tree.top.digest);
    trees.set(tree.top.digest, known ? { ...known, names: [...known.names, ...tree.names] } : tree);
  };
  for (const image of images) {
    const family = await familyOf(image, options);
    const from = reportReads(family, options);
    const names = namesIn(target, image);
    const last = family.image.manifests.at(-1);
    if (!last) throw new Error('invariant broken: a walk without manifests');
    add(await treeOf({ from, selector: last.raw.digest, names }, family.image));
    tops.push(descriptorOf(last.raw));
    for (const { digest: selector, subject, tag, walked } of family.companions) {
      const [name] = names;
      const own = tag === undefined || name === undefined ? [] : [{ ...name, tag }];
      if (trees.has(selector) && own.length === 0) continue;
      add(await treeOf({ from, selector, names: own, subject }, walked));
    }
  }
  const show = (index: ImageIndex): Descriptor => selectAnyManifest(index, options.host);
  return { plan: planArchive({ images: [...trees.values()], show }), tops };
}

/** A tag belongs to a name: the target's, else that of where the image comes from. */
function namesIn(target: ArchiveTarget, { name, tags }: OutgoingImage): readonly Reference[] {
  if (tags.length === 0) return [];
  const named = target.name ?? name;
  if (named) return tags.map((tag) => ({ ...named, tag }));
  const { path, kind } = { path: target.path, kind: target.place.kind };
  throw new SlipwayError('USAGE', `what shall the image be called in ${path}?`, {
    hint: `give it a whole name: ${formatPlace({ kind: kind === 'path' ? 'bundle' : 'oci-archive', path, name: 'NAME:TAG' })}`,
    detail: { path, tags },
  });
}
