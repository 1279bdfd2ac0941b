/** `slipway push --all-tags` over the engine's resources: tags of one image go with it. */

import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { familiarName, type Reference, repositoryKey } from '#core/reference.ts';
import type { PushAllOptions, PushResult } from '#engine.ts';
import { push } from './push.ts';
import type { Resources } from './resources.ts';

/** @throws REFERENCE_INVALID (a tag was given), IMAGE_UNKNOWN (no tag is here) */
export async function pushAll(
  resources: Resources,
  reference: Reference,
  options: PushAllOptions,
): Promise<readonly PushResult[]> {
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new SlipwayError('REFERENCE_INVALID', "tag can't be used with --all-tags/-a", {
      hint: `name the repository only: ${familiarName(reference)}`,
    });
  }
  const results: PushResult[] = [];
  const { platform, onPushed, ...context } = options;
  const only = platform ? { onlyPlatform: platform } : {};
  for (const [tag = '', ...moreTags] of await tagsByImage(resources, reference)) {
    const { manifest } = await push(
      resources,
      { ...reference, tag },
      { ...context, ...only, moreTags },
    );
    for (const one of [tag, ...moreTags]) {
      const result = { reference: { ...reference, tag: one }, manifest };
      results.push(result);
      onPushed?.(result);
    }
  }
  return results;
}

/** Tags that point at the same manifest, together. */
async function tagsByImage(
  resources: Resources,
  reference: Reference,
): Promise<readonly (readonly string[])[]> {
  const store = await resources.store();
  const name = repositoryKey(reference);
  const tags = store.images
    .list()
    .filter(({ repository }) => repository === name)
    .flatMap(({ digest, tags: own }) => own.map((tag) => [digest, tag] as const));
  if (tags.length === 0) {
    throw new SlipwayError(
      'IMAGE_UNKNOWN',
      `An image does not exist locally with the tag: ${familiarName(reference)}`,
      { hint: '"slipway images" lists what is here' },
    );
  }
  const groups: Map<Digest, (readonly [Digest, string])[]> = Map.groupBy(
    tags,
    ([digest]) => digest,
  );
  return [...groups.values()].map((group) => group.map(([, tag]) => tag));
}
