/**
 * What archives hold, as a registry shows it: repositories with their tags, and for each repository the
 * manifests and blobs that its images need, no others. Read once at the start; bytes stay where they lie.
 */
import { basename } from 'node:path';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest, descriptorOf, referrerDescriptor } from '#core/manifest.ts';
import { DEFAULT_REGISTRY, isRepositoryName, type Reference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';
import { walkImage } from '#store/walk.ts';

/** An opened archive and its path. */
export interface ServedArchive {
  readonly path: string;
  readonly repository: PackedRepository;
}

export interface ArchivedRepository {
  readonly tags: Map<string, Digest>;
  readonly manifests: Map<Digest, RawManifest>;
  /** Which archive has the bytes. */
  readonly blobs: Map<Digest, { readonly size: number; readonly from: PackedRepository }>;
  /** By subject. */
  readonly referrers: Map<Digest, Descriptor[]>;
}

export interface ArchivedRepositories {
  /** Names for the catalogue. */
  readonly names: readonly string[];
  /** Also by the other names an image of this repository goes by. */
  find(name: string): ArchivedRepository | undefined;
}

/** @throws MANIFEST_UNKNOWN, MANIFEST_INVALID, ARCHIVE_INVALID for two images with one name */
export async function archivedRepositories(
  archives: readonly ServedArchive[],
): Promise<ArchivedRepositories> {
  const repositories = new Map<string, ArchivedRepository>();
  const aliases = new Map<string, string>();
  for (const archive of archives) {
    for (const image of archive.repository.images) {
      for (const place of placesOf(image, archive.path)) {
        const repository = repositories.get(place.name) ?? empty();
        repositories.set(place.name, repository);
        for (const alias of place.aliases) aliases.set(alias, place.name);
        await addImage(repository, { archive, image, place });
      }
    }
  }
  for (const archive of archives) await addReferrers([...repositories.values()], archive);
  return {
    names: [...repositories.keys()].sort(),
    find: (name) => repositories.get(name) ?? repositories.get(aliases.get(name) ?? ''),
  };
}

interface Place {
  readonly name: string;
  readonly tag: string | undefined;
  readonly aliases: readonly string[];
}

/** `docker.io/library/app:1` is `app`, and `library/app` too; `quay.io/a/b:1` is `a/b`, and `quay.io/a/b`. */
function placesOf({ names, refNames, manifest }: PackedImage, path: string): readonly Place[] {
  if (names.length > 0) return names.map(placeOf);
  const name = nameOfFile(path);
  const tags = refNames.length > 0 ? refNames : [undefined];
  return tags.map((tag) => ({ name, tag: tag ?? manifest.digest, aliases: [] }));
}

function placeOf({ registry, repository, tag }: Reference): Place {
  const isOfficial = registry === DEFAULT_REGISTRY && repository.startsWith('library/');
  const name = isOfficial ? repository.slice('library/'.length) : repository;
  const aliases = [repository, `${registry}/${repository}`];
  return { name, tag, aliases: aliases.filter((alias) => alias !== name) };
}

/** Images without a name go by that of their file: `bases.tar.zst` is `bases`. */
function nameOfFile(path: string): string {
  const stem = basename(path)
    .toLowerCase()
    .replace(/\.(?:tar|tgz|oci|slipway)\b.*$/, '');
  const name = stem.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  return isRepositoryName(name) ? name : 'archive';
}

async function addImage(
  repository: ArchivedRepository,
  added: { readonly archive: ServedArchive; readonly image: PackedImage; readonly place: Place },
): Promise<void> {
  const { archive, image, place } = added;
  const { digest } = image.manifest;
  const { tag } = place;
  if (tag !== undefined && tag !== digest) {
    const known = repository.tags.get(tag);
    if (known !== undefined && known !== digest) throw twice(`${place.name}:${tag}`, archive.path);
    repository.tags.set(tag, digest);
  }
  await addTree(repository, archive.repository, digest);
}

async function addTree(
  repository: ArchivedRepository,
  from: PackedRepository,
  digest: Digest,
): Promise<void> {
  const { manifests, blobs } = await walkImage(from, { selector: digest });
  for (const { raw } of manifests) repository.manifests.set(raw.digest, raw);
  for (const { digest: blob, size } of blobs) repository.blobs.set(blob, { size, from });
}

/** Signatures and the like lie in an archive without a name: they are where their subject is. */
async function addReferrers(
  repositories: readonly ArchivedRepository[],
  { repository: from }: ServedArchive,
): Promise<void> {
  for (const { manifest: root } of from.images) {
    const raw = await from.getManifest(root.digest);
    const manifest = decodeManifest(raw);
    const { subject } = manifest;
    if (!subject) continue;
    for (const repository of repositories) {
      if (!repository.manifests.has(subject.digest)) continue;
      await addTree(repository, from, raw.digest);
      const known = repository.referrers.get(subject.digest) ?? [];
      if (known.some(({ digest }) => digest === raw.digest)) continue;
      const descriptor = referrerDescriptor(descriptorOf(raw), manifest);
      repository.referrers.set(subject.digest, [...known, descriptor]);
    }
  }
}

function empty(): ArchivedRepository {
  return { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() };
}

function twice(name: string, path: string): SlipwayError {
  return new SlipwayError(
    'ARCHIVE_INVALID',
    `${path} has another ${name} than an archive before it`,
    {
      hint: 'serve one of them, or give one another name with slipway load, tag and save',
    },
  );
}
