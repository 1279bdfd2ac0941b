/**
 * Where the store's bytes are (`system df`). Every file is counted in one row: with the images that
 * need it, else with the registry, else with the build cache, else as other. What is reclaimable is
 * what `system prune --all` would free.
 */
import { join } from 'node:path';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { childrenOf, type ImageIndex } from '#core/manifest.ts';
import type { DiskUsage, UsageSummary } from '#core/store-report.ts';
import { type CacheEntry, cacheEntries } from './cache-entries.ts';
import { subjectOfTag } from './companions.ts';
import { type DigestFile, digestFiles, diskBytes, frameBytes, namesIn } from './disk-files.ts';
import { abandonedPartials, abandonedUploads, abandonedVolumes, mergedRule } from './garbage.ts';
import type { ImageName } from './images.ts';
import type { Metadata } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import {
  addReached,
  freshLinks,
  heldDigests,
  LayerForms,
  ManifestReader,
  type ManifestRoot,
  manifestRoots,
} from './reachable.ts';

export interface UsageQuestion {
  readonly images: readonly ImageName[];
  /** Which image of an index stands for it; undefined when it holds none. */
  readonly choose: (index: ImageIndex) => Descriptor | undefined;
}

/** Reads; nothing is held, so beside running commands it is only about right. */
export function storeUsage(
  paths: StorePaths,
  metadata: Metadata,
  question: UsageQuestion,
): DiskUsage {
  return new Accounts(paths, metadata, question).balance();
}

interface ImageAccount {
  readonly imageId: Digest;
  readonly isActive: boolean;
  readonly reached: ReadonlySet<Digest>;
}

function keyOf({ repository, digest }: Pick<ImageName, 'repository' | 'digest'>): string {
  return `${repository}@${digest}`;
}

class Accounts {
  readonly #paths: StorePaths;
  readonly #metadata: Metadata;
  readonly #question: UsageQuestion;
  readonly #reader: ManifestReader;
  readonly #forms: LayerForms;
  readonly #held: ReadonlySet<Digest>;
  /** Bytes by digest, of blob, index and folder together. */
  readonly #bytes = new Map<Digest, number>();
  readonly #merged: readonly DigestFile[];

  constructor(paths: StorePaths, metadata: Metadata, question: UsageQuestion) {
    this.#paths = paths;
    this.#metadata = metadata;
    this.#question = question;
    this.#reader = new ManifestReader(paths);
    this.#forms = new LayerForms(metadata);
    this.#held = new Set(heldDigests(metadata));
    const files = digestFiles(paths);
    this.#merged = files.filter(({ kind }) => kind === 'merged');
    for (const { kind, digest, path } of files) {
      if (kind === 'merged') continue;
      this.#bytes.set(digest, (this.#bytes.get(digest) ?? 0) + diskBytes(path));
    }
  }

  balance(): DiskUsage {
    const images = this.#images();
    const inImages = union(images.map(({ reached }) => reached));
    const inRegistry = this.#closure(this.#registryRoots(), freshLinks(this.#metadata));
    const elsewhere = union([inImages, inRegistry]);
    const entries = cacheEntries(this.#paths, this.#metadata);
    const cached = this.#closure(
      [],
      entries.flatMap(({ diffId }) => diffId ?? []),
    );
    const active = images.filter(({ isActive }) => isActive).map(({ reached }) => reached);
    const kept = union([inRegistry, this.#closure([], [...this.#held]), ...active]);
    return {
      rows: {
        images: {
          total: images.length,
          active: active.length,
          ...this.#sum((digest) => inImages.has(digest), kept),
        },
        containers: this.#containers(),
        volumes: { total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0 },
        cache: this.#cacheRow(entries, {
          isMine: (digest) =>
            cached.has(digest) && !inImages.has(digest) && !inRegistry.has(digest),
          kept,
        }),
        registry: this.#registryRow((digest) => inRegistry.has(digest) && !inImages.has(digest)),
        other: this.#otherRow(
          (digest) => !inImages.has(digest) && !inRegistry.has(digest) && !cached.has(digest),
          kept,
        ),
      },
      images: this.#imageUsages(images),
      cache: entries.map((entry) => this.#cacheUsage(entry, elsewhere)),
    };
  }

  /** Manifests of one config are one image; children of an index are part of it, and what is said of it. */
  #images(): readonly ImageAccount[] {
    const { images } = this.#question;
    const known = new Map(images.map((image) => [keyOf(image), image]));
    const indexOf = new Map(
      images.flatMap((image) => this.#childKeys(image).map((key) => [key, image] as const)),
    );
    const isOwn = (image: ImageName): boolean =>
      image.tags.length > 0 || !indexOf.has(keyOf(image));
    const groups = Map.groupBy(images.filter(isOwn), (image) => {
      const spoken = this.#spokenOf(image, known);
      return this.#imageIdOf(isOwn(spoken) ? spoken : (indexOf.get(keyOf(spoken)) ?? spoken));
    });
    return [...groups].map(([imageId, roots]) => ({
      imageId,
      isActive: this.#held.has(imageId) || roots.some(({ digest }) => this.#held.has(digest)),
      reached: this.#closure(roots, []),
    }));
  }

  #childKeys(image: ImageName): readonly string[] {
    const manifest = this.#reader.read(image);
    if (manifest?.kind !== 'index') return [];
    return childrenOf(manifest).map(({ digest }) => keyOf({ ...image, digest }));
  }

  /** Of a signature or a statement the image that it is about, where that is here; else itself. */
  #spokenOf(image: ImageName, known: ReadonlyMap<string, ImageName>): ImageName {
    let at = image;
    for (let depth = 0; depth < 5; depth += 1) {
      const [tag, ...others] = at.tags;
      const named = tag !== undefined && others.length === 0 ? subjectOfTag(tag) : undefined;
      const digest = this.#reader.read(at)?.subject?.digest ?? named;
      const subject = digest && known.get(keyOf({ ...at, digest }));
      if (!subject) return at;
      at = subject;
    }
    return at;
  }

  #imageIdOf(root: ManifestRoot): Digest {
    let at = root;
    for (let depth = 0; depth < 5; depth += 1) {
      const manifest = this.#reader.read(at);
      if (manifest?.kind === 'image') return manifest.config.digest;
      const chosen = manifest && this.#question.choose(manifest);
      if (!chosen) return root.digest;
      at = chosen;
    }
    return root.digest;
  }

  #registryRoots(): readonly ManifestRoot[] {
    return manifestRoots(this.#metadata, 'registry');
  }

  #closure(roots: readonly ManifestRoot[], also: readonly Digest[]): ReadonlySet<Digest> {
    const reached = new Set<Digest>(also);
    addReached(this.#reader, roots, reached);
    this.#forms.addTo(reached);
    return reached;
  }

  #sum(
    isMine: (digest: Digest) => boolean,
    kept: ReadonlySet<Digest>,
  ): Pick<UsageSummary, 'sizeBytes' | 'reclaimableBytes'> {
    let sizeBytes = 0;
    let reclaimableBytes = 0;
    for (const [digest, bytes] of this.#bytes) {
      if (!isMine(digest)) continue;
      sizeBytes += bytes;
      if (!kept.has(digest)) reclaimableBytes += bytes;
    }
    return { sizeBytes, reclaimableBytes };
  }

  /** Writable roots of running containers and RUN steps; there are no others. */
  #containers(): UsageSummary {
    const roots = namesIn(this.#paths.snapshots);
    const sizeBytes = bytesIn(this.#paths.snapshots);
    return { total: roots.length, active: roots.length, sizeBytes, reclaimableBytes: 0 };
  }

  /** Merged images belong to the cache: they are made to run things, and can be made again. */
  #cacheRow(
    entries: readonly CacheEntry[],
    share: {
      readonly isMine: (digest: Digest) => boolean;
      readonly kept: ReadonlySet<Digest>;
    },
  ): UsageSummary {
    const layers = this.#sum(share.isMine, share.kept);
    const mayGo = mergedRule(this.#metadata, { merged: 'all' });
    const goes = (file: DigestFile): boolean => !share.kept.has(file.digest) && mayGo(file);
    const files = entries.filter(({ mount, build }) => mount ?? build);
    const sum = (some: readonly CacheEntry[]): number =>
      some.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    return {
      total: entries.length,
      active: entries.filter((entry) => this.#isActive(entry)).length,
      sizeBytes: layers.sizeBytes + sizeOf(this.#merged) + sum(files),
      reclaimableBytes:
        layers.reclaimableBytes +
        sizeOf(this.#merged.filter(goes)) +
        sum(files.filter((entry) => !this.#isActive(entry))),
    };
  }

  /** Manifests pushed, and upload sessions under way. */
  #registryRow(isMine: (digest: Digest) => boolean): UsageSummary {
    const count = (sql: string): number => Number(this.#metadata.get(sql)?.count ?? 0);
    const stale = abandonedUploads(this.#paths, this.#metadata);
    return {
      total: count("SELECT count(*) AS count FROM manifests WHERE space = 'registry'"),
      active: count(
        "SELECT count(DISTINCT repository || '@' || digest) AS count FROM tags WHERE space = 'registry'",
      ),
      sizeBytes: this.#sum(isMine, new Set()).sizeBytes + bytesIn(this.#paths.uploads),
      reclaimableBytes: sizeOf(stale),
    };
  }

  /** Garbage, what only running commands hold, and the store's own files and folders. */
  #otherRow(isMine: (digest: Digest) => boolean, kept: ReadonlySet<Digest>): UsageSummary {
    const content = this.#sum(isMine, kept);
    const mine = [...this.#bytes.keys()].filter(isMine);
    return {
      total: mine.length,
      active: mine.filter((digest) => kept.has(digest)).length,
      sizeBytes: content.sizeBytes + frameBytes(this.#paths),
      reclaimableBytes:
        content.reclaimableBytes +
        sizeOf([...abandonedPartials(this.#paths), ...abandonedVolumes(this.#paths)]),
    };
  }

  #imageUsages(images: readonly ImageAccount[]): DiskUsage['images'] {
    const users = new Map<Digest, number>();
    for (const { reached } of images) {
      for (const digest of reached) users.set(digest, (users.get(digest) ?? 0) + 1);
    }
    return images.map(({ imageId, isActive, reached }) => {
      let sharedBytes = 0;
      let uniqueBytes = 0;
      for (const digest of reached) {
        const bytes = this.#bytes.get(digest) ?? 0;
        if ((users.get(digest) ?? 0) > 1) sharedBytes += bytes;
        else uniqueBytes += bytes;
      }
      return { imageId, isActive, sharedBytes, uniqueBytes };
    });
  }

  #isActive({ diffId, mount, build }: CacheEntry): boolean {
    if (build) return build.status === 'running';
    return mount?.isInUse ?? (diffId !== undefined && this.#held.has(diffId));
  }

  #cacheUsage(entry: CacheEntry, elsewhere: ReadonlySet<Digest>): DiskUsage['cache'][number] {
    const { diffId } = entry;
    return {
      ...entry,
      isActive: this.#isActive(entry),
      isShared: diffId !== undefined && elsewhere.has(diffId),
    };
  }
}

function union(sets: readonly ReadonlySet<Digest>[]): ReadonlySet<Digest> {
  const all = new Set<Digest>();
  for (const set of sets) for (const digest of set) all.add(digest);
  return all;
}

function sizeOf(files: readonly { readonly path: string }[]): number {
  return files.reduce((sum, { path }) => sum + diskBytes(path), 0);
}

/** Of a folder's entries, without the folder itself. */
function bytesIn(folder: string): number {
  return namesIn(folder).reduce((sum, name) => sum + diskBytes(join(folder, name)), 0);
}
