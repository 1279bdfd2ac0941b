/**
 * Signatures, attestations and SBOMs of an archive go where the images are that they are about
 * (companions.ts has the two customs). They are no images: load does not count them as such.
 */
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest, type Manifest } from '#core/manifest.ts';
import { isIndexType } from '#core/media-type.ts';
import { repositoryKey } from '#core/reference.ts';
import { subjectOfTag } from '#store/companions.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';

/** A manifest of an archive that is about another one. */
export interface ArchivedCompanion {
  readonly image: PackedImage;
  readonly subject: Digest;
  /** Tags to have beside its subject; none where it is found by its subject field. */
  readonly tags: readonly string[];
}

export interface SortedArchive {
  readonly images: readonly PackedImage[];
  readonly companions: readonly ArchivedCompanion[];
}

/** Tells them apart, by their tags or, where they have no name, by their subject. */
export async function sortArchive(
  from: PackedRepository,
  signal?: AbortSignal,
): Promise<SortedArchive> {
  const images: PackedImage[] = [];
  const companions: ArchivedCompanion[] = [];
  const inside = await childrenOfIndexes(from);
  for (const image of from.images) {
    signal?.throwIfAborted();
    if (inside.has(image.manifest.digest) && isNameless(image)) continue;
    const companion = byTag(image) ?? (await bySubject(image, from));
    if (companion) companions.push(companion);
    else images.push(image);
  }
  return { images, companions };
}

/** oras lists the images of an index beside it; they come with it. */
async function childrenOfIndexes(from: PackedRepository): Promise<ReadonlySet<Digest>> {
  const children = new Set<Digest>();
  for (const { manifest } of from.images) {
    if (!isIndexType(manifest.mediaType)) continue;
    const index = await manifestIn(from, manifest.digest);
    if (index?.kind !== 'index') continue;
    for (const { digest } of index.manifests) children.add(digest);
  }
  return children;
}

function isNameless({ names, refNames }: PackedImage): boolean {
  return names.length === 0 && refNames.length === 0;
}

/** Undefined when it is lost: then it is missed as an image. */
async function manifestIn(from: PackedRepository, digest: Digest): Promise<Manifest | undefined> {
  try {
    return decodeManifest(await from.getManifest(digest));
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN')) return undefined;
    throw error;
  }
}

function byTag(image: PackedImage): ArchivedCompanion | undefined {
  const named = image.names.flatMap(({ tag }) => tag ?? []);
  const tags = [...new Set(named.length > 0 ? named : image.refNames)];
  const subjects = tags.map(subjectOfTag);
  const [subject] = subjects;
  if (subject === undefined || subjects.includes(undefined)) return undefined;
  return { image, subject, tags };
}

async function bySubject(
  image: PackedImage,
  from: PackedRepository,
): Promise<ArchivedCompanion | undefined> {
  if (image.names.length > 0) return undefined;
  const subject = (await manifestIn(from, image.manifest.digest))?.subject;
  return subject && { image, subject: subject.digest, tags: [] };
}

/** Which repositories of the local store have a manifest, as far as this load knows. */
export class Homes {
  readonly #known = new Map<Digest, Set<string>>();
  readonly #store: LocalStore;

  constructor(store: LocalStore) {
    this.#store = store;
  }

  add(digest: Digest, repository: string): void {
    const known = this.#known.get(digest) ?? new Set<string>();
    known.add(repository);
    this.#known.set(digest, known);
  }

  /** Also where the image was before this load. */
  of(digest: Digest): readonly string[] {
    const known = this.#known.get(digest);
    if (known) return [...known];
    return this.#store.images
      .list()
      .flatMap((image) => (image.digest === digest ? [image.repository] : []));
  }
}

export interface CompanionPlace {
  readonly repository: string;
  /** Absent: there by digest. */
  readonly tag?: string;
}

/** The repositories its own names say, else those of its subject. */
export function placesOf(
  { image, subject, tags }: ArchivedCompanion,
  homes: Homes,
): readonly CompanionPlace[] {
  if (image.names.length > 0) {
    return image.names.flatMap((name) =>
      name.tag === undefined ? [] : [{ repository: repositoryKey(name), tag: name.tag }],
    );
  }
  return homes
    .of(subject)
    .flatMap((repository): CompanionPlace[] =>
      tags.length === 0 ? [{ repository }] : tags.map((tag) => ({ repository, tag })),
    );
}
