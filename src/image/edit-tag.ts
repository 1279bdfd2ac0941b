/** Changing what a tag points at, in any repository: by its own means, or read, changed, written and looked at. */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import {
  type CallOptions,
  canEditTags,
  type RawManifest,
  type Repository,
  type TagEdit,
} from '#core/repository.ts';

/** Beyond that somebody does nothing but change it. */
const ROUNDS_MAX = 100;

export async function editTag(
  repository: Repository,
  tag: string,
  edit: TagEdit,
  options: CallOptions,
): Promise<void> {
  if (canEditTags(repository)) return await repository.editTag(tag, edit, options);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const changed = await edit(await taggedIn(repository, tag, options));
    if (!changed) return;
    await repository.putManifest(changed, { ...options, tag });
  }
  throw new SlipwayError('STORE_BUSY', `the tag ${tag} is written again and again by others`);
}

async function taggedIn(
  repository: Repository,
  tag: string,
  options: CallOptions,
): Promise<RawManifest | undefined> {
  try {
    return await repository.getManifest(tag, options);
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}
