/** A repository of an upstream as the server shows it: what is here, and what the upstream has. */
import { isSlipwayError } from '#core/errors.ts';
import { childrenOf, decodeManifest } from '#core/manifest.ts';
import type { RawManifest } from '#core/repository.ts';
import { Refusal } from '../errors.ts';
import type { ServedRepository } from '../provider.ts';
import type { Proxied, ProxyParts } from './parts.ts';
import { ProxiedBlobs } from './proxied-blobs.ts';
import { ProxiedLists } from './proxied-lists.ts';
import { ProxiedManifests } from './proxied-manifests.ts';
import { refusePush } from './push.ts';

/** `pushed`: the same repository as pushes see it, which want all parts of a manifest to be here. */
export function proxiedRepository(
  parts: ProxyParts,
  proxied: Proxied,
  pushed: ServedRepository,
): ServedRepository {
  const { name } = proxied;
  const { records } = parts.cache;
  const manifests = new ProxiedManifests(parts, proxied);
  const lists = new ProxiedLists(parts, proxied);
  const blobs = new ProxiedBlobs(parts, proxied);
  return {
    blobs,
    exists: async () => (await pushed.exists()) || (await lists.tags({})).length > 0,
    resolve: (tagOrDigest, options) => manifests.resolve(tagOrDigest, options),
    getManifest: (tagOrDigest, options) => manifests.get(tagOrDigest, options),
    referrers: (subject, options = {}) => lists.referrers(subject, options),
    async *tags(options = {}) {
      yield* await lists.tags(options);
    },
    tagsAfter: async ({ last, limit }) => {
      const tags = await lists.tags({});
      return tags.filter((tag) => last === undefined || tag > last).slice(0, limit);
    },
    async putManifest(raw, options = {}) {
      refusePush(proxied);
      await fetchParts(raw, { blobs, manifests });
      const descriptor = await pushed.putManifest(raw, options);
      // From now on the tag is that of who pushed it.
      if (options.tag !== undefined) records.forget(name, options.tag);
      return descriptor;
    },
    async deleteTag(tag, options) {
      const isRemoved = await pushed.deleteTag(tag, options);
      records.forget(name, tag);
      return isRemoved;
    },
    deleteManifest: (digest, options) => pushed.deleteManifest(digest, options),
  };
}

/** A client does not send what it was told is here: of that which only the upstream has, here is a copy. */
async function fetchParts(
  raw: RawManifest,
  { blobs, manifests }: { readonly blobs: ProxiedBlobs; readonly manifests: ProxiedManifests },
): Promise<void> {
  const manifest = decodeManifest(raw);
  for (const { digest } of childrenOf(manifest)) {
    try {
      if (manifest.kind === 'image') await blobs.fetch(digest);
      else await manifests.resolve(digest);
    } catch (error) {
      // Whoever stores the manifest says what is missing.
      const isMissing =
        isSlipwayError(error, 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN') ||
        (error instanceof Refusal && error.code === 'NAME_UNKNOWN');
      if (!isMissing) throw error;
    }
  }
}
