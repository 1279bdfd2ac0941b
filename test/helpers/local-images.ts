/** Images in the local store, for tests of what people do with them. */
import { parseReference, repositoryKey, withDefaultTag } from '#core/reference.ts';
import { NAMELESS } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';
import { putImage, putIndex, type SampleImage, type SampleIndex } from './images.ts';

/** As a build leaves it: under each name, or without one. */
export async function storeImage(
  store: LocalStore,
  content: SampleImage | SampleIndex,
  ...names: readonly string[]
): Promise<void> {
  await using lease = await store.lease({ purpose: 'test' });
  const places = names.map((name) => withDefaultTag(parseReference(name)));
  for (const place of places.length > 0 ? places : [undefined]) {
    const name = place ? repositoryKey(place) : NAMELESS;
    const repository = store.repository({ space: 'images', name, lease });
    if ('images' in content) await putIndex(repository, content, place?.tag);
    else await putImage(repository, content, place?.tag);
  }
}
