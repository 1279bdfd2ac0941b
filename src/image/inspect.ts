/** One image of the local store, by name, digest or (short) ID. */
import { statSync } from 'node:fs';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { ImageDetails, LocalLayer } from '#core/local-image.ts';
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';
import type { StoredLayer } from '#store/layers.ts';
import type { LocalStore } from '#store/local-store.ts';
import { groupImages, type ImageGroup, type ListOptions, summaryOf } from './list.ts';
import { imageUnknown, resolveImage } from './resolve.ts';

export interface InspectImageOptions extends ListOptions {
  /** This platform and no other; absent: `platform` where there is a choice. */
  readonly only?: Platform;
}

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, PLATFORM_UNKNOWN */
export async function inspectImage(
  text: string,
  { only, ...options }: InspectImageOptions,
): Promise<ImageDetails> {
  const group = await findGroup(text, { ...options, platform: only ?? options.platform });
  if (only) checkPlatform(text, group, only);
  const tagged = group.names.filter(({ tags }) => tags.length > 0);
  return {
    ...summaryOf(group),
    layers: group.image.layers.map((layer) => localLayer(layer, options.store)),
    ...(tagged.length === 0
      ? {}
      : { lastTagMs: Math.max(...tagged.map(({ putAtMs }) => putAtMs)) }),
  };
}

/** The image and all its names. @throws as {@link inspectImage} */
export async function findGroup(text: string, options: ListOptions): Promise<ImageGroup> {
  await using lease = await options.store.lease({ purpose: `inspect ${text}` });
  const { imageId } = await resolveImage(text, { ...options, lease, orAnyPlatform: true });
  const group = (await groupImages(options)).find(({ image }) => image.imageId === imageId);
  if (!group) throw imageUnknown(text);
  return group;
}

/** An image of one platform is found whatever is asked for; docker's words for another one. */
function checkPlatform(text: string, { image }: ImageGroup, wanted: Platform): void {
  const { os, architecture, variant } = image.config;
  const actual = normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
  if (formatPlatform(actual) === formatPlatform(normalizePlatform(wanted))) return;
  throw new SlipwayError(
    'PLATFORM_UNKNOWN',
    `image with reference ${text} was found but its platform (${formatPlatform(actual)}) does not match the specified platform (${formatPlatform(wanted)})`,
    { hint: `"slipway pull --platform ${formatPlatform(wanted)} ${text}" fetches it` },
  );
}

function localLayer({ descriptor, diffId }: StoredLayer, store: LocalStore): LocalLayer {
  const { digest, size } = descriptor;
  try {
    return { digest, diffId, sizeBytes: statSync(store.paths.blob(diffId)).size };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return { digest, diffId, sizeBytes: size };
  }
}
