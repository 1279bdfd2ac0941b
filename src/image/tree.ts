/** Local images with their platforms and what each takes, as `images --tree` shows them. */
import { statSync } from 'node:fs';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { ImageSpace, ImageTree, PlatformImage } from '#core/local-image.ts';
import { decodeManifest } from '#core/manifest.ts';
import { isIndexType } from '#core/media-type.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { byAge, groupImages, type ImageGroup, type ListOptions, summaryOf } from './list.ts';
import { type LocalImage, openImage, UNUSABLE } from './resolve.ts';

/** Newest first. */
export async function imageTrees(options: ListOptions): Promise<readonly ImageTree[]> {
  await using lease = await options.store.lease({ purpose: 'list images' });
  const trees: ImageTree[] = [];
  for (const group of await groupImages(options)) {
    trees.push(await imageTree(group, { ...options, lease }));
  }
  return trees.toSorted((a, b) => byAge(a.image, b.image));
}

type TreeOptions = ListOptions & { readonly lease: Lease };

async function imageTree(group: ImageGroup, options: TreeOptions): Promise<ImageTree> {
  const image = summaryOf(group);
  const { repository } = group.image;
  const platforms = isIndexType(image.manifest.mediaType)
    ? await platformImages(repository, image.manifest, { group, options })
    : [];
  const here = platforms.filter(({ isHere }) => isHere);
  const parts = here.length > 0 ? here : [spaceOf(group.image, options.store)];
  return {
    image,
    platforms,
    diskBytes: sum(parts.map(({ diskBytes }) => diskBytes)),
    contentBytes: sum(parts.map(({ contentBytes }) => contentBytes)),
  };
}

/** The images of an index; what has no platform (attestations) is no image. */
async function platformImages(
  repository: LocalRepository,
  index: Descriptor,
  { group, options }: { readonly group: ImageGroup; readonly options: TreeOptions },
): Promise<readonly PlatformImage[]> {
  const manifest = decodeManifest(await repository.getManifest(index.digest));
  const children = manifest.kind === 'index' ? manifest.manifests : [];
  const found = children.map(async (child): Promise<readonly PlatformImage[]> => {
    const { platform } = child;
    if (!platform || platform.os === 'unknown') return [];
    const at = { name: group.image.repositoryName, root: child };
    const absent = { platform, digest: child.digest, isHere: false, diskBytes: 0, contentBytes: 0 };
    try {
      const image = await openImage(repository, at, { ...options, orAnyPlatform: true });
      if (!image.layers.every((layer) => isHere(layer.descriptor.digest, options.store))) {
        return [absent];
      }
      return [{ ...absent, isHere: true, ...spaceOf(image, options.store) }];
    } catch (error) {
      if (isSlipwayError(error, ...UNUSABLE)) return [absent];
      throw error;
    }
  });
  return (await Promise.all(found)).flat();
}

/** Content: the blobs that a push would send. Disk: with plain tars and indexes made from them. */
function spaceOf({ manifest, image, layers }: LocalImage, store: LocalStore): ImageSpace {
  const blobs = [
    manifest.digest,
    image.config.digest,
    ...layers.map((one) => one.descriptor.digest),
  ];
  const content = new Set(blobs.map((digest) => store.paths.blob(digest)));
  const derived = new Set(
    layers.flatMap(({ diffId }) => [store.paths.blob(diffId), store.paths.index(diffId)]),
  );
  return {
    contentBytes: sum([...content].map(sizeOf)),
    diskBytes: sum([...content.union(derived)].map(sizeOf)),
  };
}

function isHere(digest: Digest, store: LocalStore): boolean {
  return statSync(store.paths.blob(digest), { throwIfNoEntry: false }) !== undefined;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
