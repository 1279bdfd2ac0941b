/** `rmi --dry-run`: what removing several names would take away, counted together. */
import type { RemovalPlan } from '#core/local-image.ts';
import { familiarReference, repositoryKey } from '#core/reference.ts';
import { findGroup } from './inspect.ts';
import { type ImageGroup, tagsOf } from './list.ts';
import { freedBy } from './prune.ts';
import { imageInUse, nameIn, type RemoveOptions } from './remove.ts';

/**
 * Removes nothing. An image goes when all its tags would. @throws as removeImage, for the first that
 * could not be removed
 */
export async function planRemoval(
  texts: readonly string[],
  options: RemoveOptions,
): Promise<RemovalPlan> {
  const images = new Map<string, { readonly group: ImageGroup; readonly gone: Set<string> }>();
  for (const text of texts) {
    const found = await findGroup(text, options);
    const entry = images.get(found.image.imageId) ?? { group: found, gone: new Set<string>() };
    images.set(found.image.imageId, entry);
    for (const tag of tagsGoing(text, entry.group, options)) entry.gone.add(tag);
  }
  const going = [...images.values()].filter(({ group, gone }) =>
    group.names.flatMap(tagsOf).every((tag) => gone.has(familiarReference(tag))),
  );
  return {
    names: [...images.values()].flatMap(({ gone }) => [...gone]),
    imageIds: going.map(({ group }) => group.image.imageId),
    freedBytes: await freedBy(
      going.map(({ group }) => group),
      options.store,
    ),
  };
}

/** One tag, those of a repository that a digest names, or by ID all. */
function tagsGoing(text: string, group: ImageGroup, options: RemoveOptions): readonly string[] {
  const tags = group.names.flatMap(tagsOf);
  const named = nameIn(text, group);
  if (!named) {
    if (tags.length > 1 && !options.force) throw imageInUse(group);
    return tags.map(familiarReference);
  }
  const repository = repositoryKey(named);
  return tags
    .filter((tag) => repositoryKey(tag) === repository)
    .filter((tag) => named.digest !== undefined || tag.tag === named.tag)
    .map(familiarReference);
}
