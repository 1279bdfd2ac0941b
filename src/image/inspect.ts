/** One image of the local store, by name, digest or (short) ID. */

import type { ImageSummary } from '#core/local-image.ts';
import { groupImages, type ImageGroup, type ListOptions, summaryOf } from './list.ts';
import { imageUnknown, resolveImage } from './resolve.ts';

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, PLATFORM_UNKNOWN */
export async function inspectImage(text: string, options: ListOptions): Promise<ImageSummary> {
  return summaryOf(await findGroup(text, options));
}

/** The image and all its names. @throws as {@link inspectImage} */
export async function findGroup(text: string, options: ListOptions): Promise<ImageGroup> {
  await using lease = await options.store.lease({ purpose: `inspect ${text}` });
  const { imageId } = await resolveImage(text, { ...options, lease, orAnyPlatform: true });
  const group = (await groupImages(options)).find(({ image }) => image.imageId === imageId);
  if (!group) throw imageUnknown(text);
  return group;
}
