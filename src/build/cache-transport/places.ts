/** A cache's place as a repository and what to ask it for. */
import type { CachePlace, CacheSource } from '#core/build-cache.ts';
import { formatReference, selectorOf, withDefaultTag } from '#core/reference.ts';
import type { Repository } from '#core/repository.ts';
import { OciLayout } from '#store/oci-layout.ts';
import type { BuildSession } from '../session.ts';

export interface OpenedPlace extends AsyncDisposable {
  readonly repository: Repository;
  /** A tag or digest of it. */
  readonly selector: string;
}

/** The caller disposes it. `create` makes a folder that is missing. @throws FILE_MISSING, ARCHIVE_INVALID */
export async function openPlace(
  session: BuildSession,
  place: CacheSource,
  options: { readonly create: boolean },
): Promise<OpenedPlace> {
  if (place.kind === 'local') {
    const repository = await OciLayout.open(place.folder, options);
    const selector = 'digest' in place ? place.digest : place.tag;
    return { repository, selector, [Symbol.asyncDispose]: async () => {} };
  }
  const remote = await session.remote(place.reference, session.signal);
  return {
    repository: remote,
    selector: selectorOf(withDefaultTag(place.reference)),
    [Symbol.asyncDispose]: () => remote[Symbol.asyncDispose](),
  };
}

export function nameOfPlace(place: CacheSource): string {
  if (place.kind === 'registry') return formatReference(withDefaultTag(place.reference));
  return `${place.folder}:${'digest' in place ? place.digest : place.tag}`;
}

/** The tag that a cache is written under. */
export function tagOf(place: CachePlace): string | undefined {
  return place.kind === 'local' ? place.tag : withDefaultTag(place.reference).tag;
}
