/**
 * Which images a prune removes: those without a tag, or all that nobody uses. The choice is made
 * here, from what images are; removing, all at once and safe beside others, is the store's.
 */
import { familiarReference } from '#core/reference.ts';
import type { PruneReport, PruneSelection } from '#core/store-report.ts';
import type { ImageName } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { PrunedImage } from '#store/prune.ts';
import { companionSubjects, manifestKey as keyOf } from './companion-names.ts';
import { indexChildren } from './index-children.ts';
import { digestsOf, groupImages, type ImageGroup, type ListOptions, tagsOf } from './list.ts';

/** Removes, or with `dryRun` only tells. */
export async function pruneStore(
  selection: PruneSelection,
  options: ListOptions,
): Promise<PruneReport> {
  const { store } = options;
  const chosen =
    selection.images === undefined ? [] : await chooseImages(selection.images, options);
  const families = await Families.of(store, chosen);
  const images = chosen.map((group) => families.whole(group));
  const result = await store.prune({
    images,
    ...(selection.cache === undefined ? {} : { cache: selection.cache }),
    dryRun: selection.dryRun ?? false,
  });
  const gone = new Set(result.images);
  return {
    images: chosen
      .filter(({ image }) => gone.has(image.imageId))
      .map(({ image, names }) => ({
        imageId: image.imageId,
        untagged: [...names.flatMap(tagsOf), ...names.flatMap(digestsOf)].map(familiarReference),
      })),
    cache: result.cache,
    freedBytes: result.freedBytes,
  };
}

/** What `rmi` of these images, all at once, would free; it collects garbage with the last name only. */
export async function freedBy(groups: readonly ImageGroup[], store: LocalStore): Promise<number> {
  if (groups.length === 0) return 0;
  const families = await Families.of(store, groups);
  const images = groups.map((group) => families.whole(group));
  return (await store.prune({ images, merged: 'old', dryRun: true })).freedBytes;
}

async function chooseImages(
  wanted: NonNullable<PruneSelection['images']>,
  options: ListOptions,
): Promise<readonly ImageGroup[]> {
  const groups = await groupImages(options);
  return groups.filter(({ image, names }) => {
    const { created, config } = image.config;
    if (!wanted.all && names.some(({ tags }) => tags.length > 0)) return false;
    const isYoung =
      wanted.createdBeforeMs !== undefined && !isBefore(created, wanted.createdBeforeMs);
    return !isYoung && (wanted.hasLabels?.(config.Labels ?? {}) ?? true);
  });
}

/** An image without a time is not known to be old. */
function isBefore(created: string | undefined, beforeMs: number): boolean {
  return Date.parse(created ?? '') < beforeMs;
}

/**
 * Which manifests go with an image: its own, what signs it and, of an index, untagged children nobody
 * else has.
 */
class Families {
  readonly #names: ReadonlyMap<string, ImageName>;
  /** Also what signs or describes a manifest. */
  readonly #children: ReadonlyMap<string, readonly string[]>;
  readonly #companions: ReadonlySet<string>;
  /** Children of what stays. */
  readonly #kept: ReadonlySet<string>;

  private constructor({
    names,
    children,
    going,
    companions,
  }: {
    readonly names: ReadonlyMap<string, ImageName>;
    readonly children: ReadonlyMap<string, readonly string[]>;
    readonly going: ReadonlySet<string>;
    readonly companions: ReadonlySet<string>;
  }) {
    this.#names = names;
    this.#children = children;
    this.#companions = companions;
    const staying = [...children].filter(([key]) => !going.has(key));
    this.#kept = new Set(staying.flatMap(([, keys]) => keys));
  }

  static async of(store: LocalStore, chosen: readonly ImageGroup[]): Promise<Families> {
    const names = new Map(store.images.list().map((name) => [keyOf(name), name]));
    const children = new Map<string, readonly string[]>();
    for (const [key, name] of names) {
      const digests = await indexChildren(name, store);
      children.set(
        key,
        digests.map((digest) => keyOf({ ...name, digest })),
      );
    }
    const companions = companionSubjects(store);
    for (const [key, subject] of companions) {
      const owner = key.slice(0, key.lastIndexOf('@') + 1) + subject;
      children.set(owner, [...(children.get(owner) ?? []), key]);
    }
    const going = new Set(chosen.flatMap((group) => group.names.map(keyOf)));
    return new Families({ names, children, going, companions: new Set(companions.keys()) });
  }

  whole({ image, names }: ImageGroup): PrunedImage {
    const manifests = new Map<string, ImageName>();
    const pending: ImageName[] = [...names];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const key = keyOf(next);
      if (manifests.has(key)) continue;
      manifests.set(key, next);
      for (const childKey of this.#children.get(key) ?? []) {
        const child = this.#names.get(childKey);
        const isNamed = child !== undefined && child.tags.length > 0;
        if (isNamed && !this.#companions.has(childKey)) continue;
        if (child && !this.#kept.has(childKey)) pending.push(child);
      }
    }
    return {
      imageId: image.imageId,
      manifests: [...manifests.values()].map(({ repository, digest, tags }) => ({
        repository,
        digest,
        tags,
      })),
    };
  }
}
