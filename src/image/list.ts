/** The images of the local store, each once, with everything that points at it. */
import type { Digest } from '#core/digest.ts';
import type { BrokenImage, ImageSummary } from '#core/local-image.ts';
import type { Platform } from '#core/platform.ts';
import { formatReference, parseReference, type Reference } from '#core/reference.ts';
import { type ImageName, NAMELESS } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';
import { companionSubjects, manifestKey as keyOf } from './companion-names.ts';
import { indexChildren } from './index-children.ts';
import { type LocalImage, localImages } from './resolve.ts';

export interface ListOptions {
  readonly store: LocalStore;
  /** Which image of an index is shown. */
  readonly platform: Platform;
  /** Told of each image that cannot be read and is left out. */
  readonly onBroken?: (image: BrokenImage) => void;
}

/** Newest first. What cannot be read is left out and told. */
export async function listImages(options: ListOptions): Promise<readonly ImageSummary[]> {
  const groups = await groupImages(options);
  return groups.map(summaryOf).sort(byAge);
}

/** An image and all its names. */
export interface ImageGroup {
  readonly image: LocalImage;
  readonly names: readonly ImageName[];
}

/** Manifests that only exist as children of an index, or sign an image, are no images of their own. */
export async function groupImages(options: ListOptions): Promise<readonly ImageGroup[]> {
  const { store } = options;
  await using lease = await store.lease({ purpose: 'list images' });
  const names = new Map(store.images.list().map((name) => [keyOf(name), name]));
  const inside = await childKeys(options, [...names.values()]);
  const companions = companionSubjects(store, [...names.values()]);
  const groups = new Map<Digest, { image: LocalImage; names: ImageName[] }>();
  const found = localImages({
    ...options,
    lease,
    orAnyPlatform: true,
    onUnusable: (name, problem) => {
      // A part of an index that was never fetched is not missed.
      if (inside.has(keyOf(name)) && name.tags.length === 0) return;
      if (companions.has(keyOf(name))) return;
      const names = name.tags.length > 0 ? tagsOf(name) : digestsOf(name);
      options.onBroken?.({ names, problem });
    },
  });
  for await (const image of found) {
    const key = keyOf({ repository: image.repositoryName, digest: image.root.digest });
    const name = names.get(key);
    if (!name || (inside.has(key) && name.tags.length === 0) || companions.has(key)) continue;
    const group = groups.get(image.imageId) ?? { image, names: [] };
    group.names.push(name);
    groups.set(image.imageId, group);
  }
  return [...groups.values()];
}

async function childKeys(
  { store }: ListOptions,
  names: readonly ImageName[],
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const name of names) {
    for (const digest of await indexChildren(name, store)) keys.add(keyOf({ ...name, digest }));
  }
  return keys;
}

export function summaryOf({ image, names }: ImageGroup): ImageSummary {
  const tagged = names.filter(({ tags }) => tags.length > 0);
  const newest = (tagged.length > 0 ? tagged : names).toSorted((a, b) => b.putAtMs - a.putAtMs)[0];
  const { mediaType, digest, size } = newest ?? image.root;
  return {
    imageId: image.imageId,
    manifest: { mediaType, digest, size },
    tags: sorted(names.flatMap(tagsOf)),
    digests: sorted(names.flatMap(digestsOf)),
    ...(image.config.created ? { created: image.config.created } : {}),
    sizeBytes: image.image.layers.reduce((sum, layer) => sum + layer.size, image.image.config.size),
    config: image.config,
  };
}

export function tagsOf({ repository, tags }: ImageName): readonly Reference[] {
  if (repository === NAMELESS) return [];
  return tags.map((tag) => ({ ...parseReference(repository), tag }));
}

/** The digests the world knows it by where there are any, else the manifest's own. */
export function digestsOf({ repository, aliases, digest }: ImageName): readonly Reference[] {
  if (repository === NAMELESS) return [];
  const digests = aliases.length > 0 ? aliases : [digest];
  return digests.map((known) => ({ ...parseReference(repository), digest: known }));
}

function sorted(references: readonly Reference[]): readonly Reference[] {
  return references.toSorted((a, b) => (formatReference(a) < formatReference(b) ? -1 : 1));
}

export function byAge(a: ImageSummary, b: ImageSummary): number {
  return (
    Date.parse(b.created ?? '') - Date.parse(a.created ?? '') || (a.imageId < b.imageId ? -1 : 1)
  );
}
