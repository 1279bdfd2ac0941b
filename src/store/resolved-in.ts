/** What a name points at in a repository, where it may also point at nothing. */
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { CallOptions, Repository } from '#core/repository.ts';

/** Of a tag, or a digest itself where it is there; undefined where it is not. */
export async function resolvedIn(
  repository: Repository,
  selector: string,
  call: CallOptions = {},
): Promise<Digest | undefined> {
  try {
    return (await repository.resolve(selector, call)).digest;
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}
