/** `docker tag`: another name for an image of the local store. */
import pLimit from 'p-limit';
import { SlipwayError } from '#core/errors.ts';
import { parseReference, type Reference, repositoryKey, withDefaultTag } from '#core/reference.ts';
import { copyImage } from './copy.ts';
import type { ListOptions } from './list.ts';
import { resolveImage } from './resolve.ts';

/**
 * Points `target` at the image `source` names; a tag that was elsewhere moves. An index keeps all its
 * platforms. @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, REFERENCE_INVALID
 */
export async function tagImage(
  source: string,
  target: string,
  options: ListOptions,
): Promise<Reference> {
  const { store } = options;
  const reference = withDefaultTag(parseReference(target));
  if (reference.digest !== undefined || reference.tag === undefined) {
    throw new SlipwayError(
      'REFERENCE_INVALID',
      'refusing to create a tag with a digest reference',
      {
        hint: 'write the new name as name:tag',
      },
    );
  }
  await using lease = await store.lease({ purpose: `tag ${target}` });
  const { repository: from, root } = await resolveImage(source, {
    ...options,
    lease,
    orAnyPlatform: true,
  });
  await copyImage({
    from,
    selector: root.digest,
    to: store.repository({ space: 'images', name: repositoryKey(reference), lease }),
    tag: reference.tag,
    direction: 'push',
    // Every blob is here; only manifests are put.
    limit: pLimit(1),
  });
  return reference;
}
