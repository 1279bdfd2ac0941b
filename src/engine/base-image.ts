/** FROM: the local store first, else the registry; what was pulled keeps its name for the next build. */

import type { BaseImage } from '#build/state.ts';
import { assert } from '#core/assert.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import { layerCompressionOf } from '#core/media-type.ts';
import { hostPlatform } from '#core/platform.ts';
import { familiarReference, formatReference, type Reference } from '#core/reference.ts';
import { byNameOrDigest, type LocalImage } from '#image/resolve.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import { offline } from './offline.ts';
import { pull } from './pull.ts';
import type { Resources } from './resources.ts';

export interface BaseImageOptions {
  readonly lease: Lease;
  readonly events: EventSink;
  readonly signal: AbortSignal;
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
  const store = await resources.store();
  const find = () =>
    byNameOrDigest(reference, {
      store,
      lease: options.lease,
      platform: hostPlatform(process.arch),
    });
  const { from = 'local' } = options;
  let image = from === 'newest' ? undefined : await find();
  if (!image && from === 'offline') throw baseUnknown(reference, offline('pull it'));
  if (!image) {
    await pullBase(resources, reference, options);
    image = await find();
  }
  assert(image, 'what was pulled is in the store');
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

async function pullBase(
  resources: Resources,
  reference: Reference,
  { events, signal }: BaseImageOptions,
): Promise<void> {
  try {
    await pull(resources, reference, { events, signal });
  } catch (cause) {
    if (!isSlipwayError(cause) || cause.kind === 'cancelled') throw cause;
    throw baseUnknown(reference, cause);
  }
}

function baseUnknown(reference: Reference, cause: SlipwayError): SlipwayError {
  const name = formatReference(reference);
  return new SlipwayError(
    'BASE_UNKNOWN',
    `${name}: failed to resolve source metadata for ${name}: ${cause.message}`,
    {
      cause,
      hint:
        cause.hint ??
        `the image is neither in the local store nor in its registry: build, load or pull ${familiarReference(reference)} first`,
    },
  );
}
