/**
 * FROM: the local store first, else the registry; what was pulled keeps its name for the next build.
 * An image for another platform than the wanted one counts as missing, unless nobody could have a
 * better one.
 */

import type { BaseImage } from '#build/state.ts';
import { assert } from '#core/assert.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import { layerCompressionOf } from '#core/media-type.ts';
import { formatPlatform, hostPlatform, type Platform } from '#core/platform.ts';
import { familiarReference, formatReference, type Reference } from '#core/reference.ts';
import { byNameOrDigest, type LocalImage } from '#image/resolve.ts';
import { runsOn } from '#image/select.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { offline } from './offline.ts';
import type { Resources } from './resources.ts';

export interface BaseImageOptions {
  readonly lease: Lease;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly platform: Platform;
  /**
   * `local`, the default: the registry is asked for what is not here. `newest`: the registry is always
   * asked. `offline`: never.
   */
  readonly from?: BaseSource;
}

export type BaseSource = 'local' | 'newest' | 'offline';

/** @throws BASE_UNKNOWN when it is neither here nor in its registry */
export async function resolveBase(
  resources: Resources,
  reference: Reference,
  options: BaseImageOptions,
): Promise<BaseImage> {
  const { from = 'local' } = options;
  const store = await resources.store();
  const here = await findBase(store, reference, options);
  if (here.image && from !== 'newest' && isUsable(here.image, options)) {
    return baseOf(here.image, store);
  }
  if (from === 'offline') {
    throw baseUnknown(reference, { cause: offline('pull it'), here, ...options });
  }
  await pullBase(resources, reference, { ...options, here });
  const { image } = await findBase(store, reference, options);
  assert(image, 'what was pulled is in the store');
  return baseOf(image, store);
}

function baseOf(image: LocalImage, store: LocalStore): BaseImage {
  const { imageId, config, layers } = image;
  return { imageId, config, layers, digest: publishedDigest(image, store) };
}

/**
 * An image that was built here has plain layers, which no push sends: where it was pushed, it is known
 * by the digest that it got then.
 */
function publishedDigest({ image, root, manifest, repositoryName }: LocalImage, store: LocalStore) {
  const isBuilt = image.layers.some(({ mediaType }) => layerCompressionOf(mediaType) === 'none');
  if (!isBuilt || root.digest !== manifest.digest) return manifest.digest;
  const known = store.images
    .list()
    .find(({ repository, digest }) => repository === repositoryName && digest === root.digest);
  return known?.aliases[0] ?? manifest.digest;
}

interface Here {
  readonly image?: LocalImage;
  /** The name is here, whether for the platform or not. */
  readonly isKnown: boolean;
}

async function findBase(
  store: LocalStore,
  reference: Reference,
  { lease, platform }: BaseImageOptions,
): Promise<Here> {
  try {
    const image = await byNameOrDigest(reference, { store, lease, platform });
    return image ? { image, isKnown: true } : { isKnown: false };
  } catch (error) {
    if (!isSlipwayError(error, 'PLATFORM_UNKNOWN')) throw error;
    return { isKnown: true };
  }
}

/**
 * For this machine a single image of another platform is taken, as docker does; a check tells of it.
 * For another one that was asked for it would be a wrong result.
 */
function isUsable({ config, root, manifest }: LocalImage, { platform }: BaseImageOptions): boolean {
  if (root.digest !== manifest.digest || runsOn(config, platform)) return true;
  return isHost(platform);
}

function isHost(platform: Platform): boolean {
  return formatPlatform(platform) === formatPlatform(hostPlatform(process.arch));
}

async function pullBase(
  resources: Resources,
  reference: Reference,
  options: BaseImageOptions & { readonly here: Here },
): Promise<void> {
  const { events, signal, platform, here } = options;
  try {
    if (!here.isKnown) {
      const { pull } = await import('./pull.ts');
      await pull(resources, reference, { events, signal, platform });
      return;
    }
    const { remoteRepository } = await import('./remote-repository.ts');
    const { pullPlatform } = await import('#image/pull-platform.ts');
    await using remote = await remoteRepository(resources, reference, { events, signal });
    await pullPlatform({
      store: await resources.store(),
      remote,
      reference,
      platform,
      limit: resources.transfers,
      events,
      signal,
    });
  } catch (cause) {
    if (!isSlipwayError(cause) || cause.kind === 'cancelled') throw cause;
    throw baseUnknown(reference, { cause, here, platform });
  }
}

function baseUnknown(
  reference: Reference,
  {
    cause,
    here: { image, isKnown },
    platform,
  }: { readonly cause: SlipwayError; readonly here: Here; readonly platform: Platform },
): SlipwayError {
  const name = formatReference(reference);
  const familiar = familiarReference(reference);
  const isForeign = isKnown && !(image && runsOn(image.config, platform));
  const other = image ? formatPlatform(image.config) : 'other platforms';
  return new SlipwayError(
    'BASE_UNKNOWN',
    `${name}: failed to resolve source metadata for ${name}: ${cause.message}`,
    {
      cause,
      hint: isForeign
        ? `${familiar} is here for ${other} only: pull or load it for ${formatPlatform(platform)}`
        : (cause.hint ??
          `the image is neither in the local store nor in its registry: build, load or pull ${familiar} first`),
    },
  );
}
