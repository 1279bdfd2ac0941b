/**
 * One more platform of a name that is here for another one: the name then points at an index of those
 * that are here, with the descriptors of the one in the registry, whose digest stays known as an alias.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest, encodeIndex } from '#core/manifest.ts';
import { DOCKER_LIST } from '#core/media-type.ts';
import {
  formatReference,
  type Reference,
  repositoryKey,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { checkArrived } from './check-arrived.ts';
import { copyImage } from './copy.ts';
import { type PullOptions, pullImage } from './pull.ts';
import { selectManifest } from './select.ts';

/**
 * What is here of the same index stays; what is here of an older one loses the name, as in a pull.
 * @throws what {@link pullImage} throws
 */
export async function pullPlatform(options: PullOptions): Promise<void> {
  const { store, remote, platform, limit, events, signal } = options;
  const call = signal ? { signal } : {};
  const reference = withDefaultTag(options.reference);
  const source = await remote.getManifest(selectorOf(reference), call);
  const listed = decodeManifest(source);
  if (listed.kind !== 'index') {
    await pullImage(options);
    return;
  }
  const name = repositoryKey(reference);
  await using lease = await store.lease({ purpose: `pull ${formatReference(reference)}` });
  const blobs = store.arrivingBlobs(lease);
  const local = store.repository({ space: 'images', name, lease, blobs });
  const wanted = selectManifest(listed, platform);
  const here = await manifestsHere(local, reference, store);
  await copyImage({
    from: remote,
    selector: wanted.digest,
    to: local,
    check: (image) => checkArrived(image, blobs),
    direction: 'pull',
    limit,
    ...(events ? { events } : {}),
    ...call,
  });
  const kept = listed.manifests.filter(
    ({ digest }) => here.images.has(digest) || digest === wanted.digest,
  );
  const isAlone = kept.length === 1;
  const root = isAlone
    ? await local.getManifest(wanted.digest)
    : encodeIndex(kept, { docker: source.mediaType === DOCKER_LIST });
  const { tag } = reference;
  await local.putManifest(root, tag === undefined || reference.digest ? {} : { tag });
  store.images.addAlias(name, source.digest, root.digest);
  if (!isAlone) forgetReplaced(store, name, { index: here.index, by: root.digest });
}

/** The index of before, unless it is called something else, too: the new one has all that was in it. */
function forgetReplaced(
  store: LocalStore,
  name: string,
  { index, by }: { readonly index: Digest | undefined; readonly by: Digest },
): void {
  if (index === undefined || index === by) return;
  const known = store.images
    .list()
    .find(({ repository, digest }) => repository === name && digest === index);
  if (known?.tags.length === 0) store.images.forget(name, index);
}

interface Here {
  readonly images: ReadonlySet<Digest>;
  /** Where they stand in one. */
  readonly index: Digest | undefined;
}

/** The image manifests that the name stands for now. */
async function manifestsHere(
  local: LocalRepository,
  reference: Reference,
  store: LocalStore,
): Promise<Here> {
  const { tag = '', digest } = reference;
  const name = repositoryKey(reference);
  const alias = store.images
    .list()
    .find((image) => image.repository === name && digest && image.aliases.includes(digest));
  try {
    const raw = await local.getManifest(alias?.digest ?? digest ?? tag);
    const manifest = decodeManifest(raw);
    const children: readonly Pick<Descriptor, 'digest'>[] =
      manifest.kind === 'index' ? manifest.manifests : [raw];
    const images = new Set(children.map((child) => child.digest));
    return { images, index: manifest.kind === 'index' ? raw.digest : undefined };
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'STORE_BROKEN')) {
      return { images: new Set(), index: undefined };
    }
    throw error;
  }
}
