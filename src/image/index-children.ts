/** The manifests that an index of the local store lists, as far as it can be read. */
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest } from '#core/manifest.ts';
import { isIndexType } from '#core/media-type.ts';
import type { ImageName } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';

/** None for an image, or where the bytes of the index are lost. */
export async function indexChildren(
  { repository, digest, mediaType }: Pick<ImageName, 'repository' | 'digest' | 'mediaType'>,
  store: LocalStore,
): Promise<readonly Digest[]> {
  if (!isIndexType(mediaType)) return [];
  await using lease = await store.lease({ purpose: 'look into an index' });
  const from = store.repository({ space: 'images', name: repository, lease });
  try {
    return childrenOf(decodeManifest(await from.getManifest(digest))).map((child) => child.digest);
  } catch (error) {
    if (isSlipwayError(error)) return [];
    throw error;
  }
}
