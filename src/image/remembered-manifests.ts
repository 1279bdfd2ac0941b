/** A repository whose manifests are asked for once: what looks at an image several times does so for free. */
import { type Digest, isDigest } from '#core/digest.ts';
import type { CallOptions, RawManifest, ReferrerLister, Repository } from '#core/repository.ts';

/** Remembers them as long as it lives, beginning with `given`; tags are always asked for. */
export function rememberManifests(
  there: Repository & ReferrerLister,
  given: readonly RawManifest[] = [],
): Repository & ReferrerLister {
  const known = new Map<Digest, RawManifest>(given.map((raw) => [raw.digest, raw]));
  return {
    blobs: there.blobs,
    resolve: (selector, options) => there.resolve(selector, options),
    putManifest: (manifest, options) => there.putManifest(manifest, options),
    tags: (options) => there.tags(options),
    referrers: (subject, options) => there.referrers(subject, options),
    async getManifest(selector: string, options?: CallOptions): Promise<RawManifest> {
      const here = isDigest(selector) ? known.get(selector) : undefined;
      const raw = here ?? (await there.getManifest(selector, options));
      known.set(raw.digest, raw);
      return raw;
    },
  };
}
