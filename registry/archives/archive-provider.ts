/** Archives as a registry: everything can be pulled, nothing pushed. No byte is unpacked. */
import { isDigest } from '#core/digest.ts';
import { descriptorOf } from '#core/manifest.ts';
import type { BlobMounter, BlobStore, RawManifest } from '#core/repository.ts';
import { blobUnknown } from '#store/local-blobs.ts';
import { manifestUnknown, nameUnknown } from '#store/manifest-rules.ts';
import { Refusal } from '../errors.ts';
import type { RegistryProvider, ServedRepository } from '../provider.ts';
import {
  type ArchivedRepositories,
  type ArchivedRepository,
  archivedRepositories,
  type ServedArchive,
} from './archived-repositories.ts';

/** The archives stay the caller's to close. @throws what archivedRepositories throws */
export async function archiveProvider(
  archives: readonly ServedArchive[],
): Promise<RegistryProvider> {
  const held = await archivedRepositories(archives);
  return {
    repository: (name) => served(name, held.find(name)),
    catalog: async ({ last, limit }) => {
      const after = held.names.filter((name) => last === undefined || name > last);
      return after.slice(0, limit);
    },
    repositoriesWith: async (digest) => namesWith(held, digest),
    uploads: {
      create: async () => {
        throw readOnly();
      },
      open: async () => {
        throw readOnly();
      },
    },
  };
}

function namesWith(held: ArchivedRepositories, digest: string): readonly string[] {
  return held.names.filter((name) =>
    [...(held.find(name)?.blobs.keys() ?? [])].some((known) => known === digest),
  );
}

function served(name: string, held: ArchivedRepository | undefined): ServedRepository {
  const manifestOf = (tagOrDigest: string): RawManifest => {
    if (!held) throw nameUnknown(name);
    const digest = isDigest(tagOrDigest) ? tagOrDigest : held.tags.get(tagOrDigest);
    const raw = digest === undefined ? undefined : held.manifests.get(digest);
    if (!raw) throw manifestUnknown(`${name}${isDigest(tagOrDigest) ? '@' : ':'}${tagOrDigest}`);
    return raw;
  };
  return {
    blobs: blobsOf(held),
    exists: async () => held !== undefined,
    resolve: async (tagOrDigest) => descriptorOf(manifestOf(tagOrDigest)),
    getManifest: async (tagOrDigest) => manifestOf(tagOrDigest),
    referrers: async (subject) => held?.referrers.get(subject) ?? [],
    async *tags() {
      yield* sortedTags(held);
    },
    tagsAfter: async ({ last = '', limit }) =>
      sortedTags(held)
        .filter((tag) => tag > last)
        .slice(0, limit),
    putManifest: refuse,
    deleteTag: refuse,
    deleteManifest: refuse,
  };
}

function sortedTags(held: ArchivedRepository | undefined): readonly string[] {
  return [...(held?.tags.keys() ?? [])].sort();
}

function blobsOf(held: ArchivedRepository | undefined): BlobStore & BlobMounter {
  return {
    async stat(digest) {
      const raw = held?.manifests.get(digest);
      const size = held?.blobs.get(digest)?.size ?? raw?.bytes.byteLength;
      return size === undefined ? undefined : { digest, size };
    },
    async *read(digest, options) {
      const blob = held?.blobs.get(digest);
      if (!blob) throw blobUnknown(digest);
      yield* blob.from.blobs.read(digest, options);
    },
    ingest: refuse,
    mount: async () => false,
    delete: refuse,
  };
}

async function refuse(): Promise<never> {
  throw readOnly();
}

function readOnly(): Refusal {
  return new Refusal('UNSUPPORTED', 'this registry serves archives, which can only be read');
}
