/** A repository elsewhere, of which manifests that are here already need not be asked for. */
import { isDigest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { CallOptions, RawManifest, Repository } from '#core/repository.ts';

/** What has a digest is looked for in `here` first; tags are always asked for. */
export function withKnownManifests(there: Repository, here: Repository): Repository {
  return {
    blobs: there.blobs,
    resolve: (selector, options) => there.resolve(selector, options),
    putManifest: (manifest, options) => there.putManifest(manifest, options),
    tags: (options) => there.tags(options),
    getManifest: async (selector, options) =>
      (isDigest(selector) ? await find(here, selector, options) : undefined) ??
      (await there.getManifest(selector, options)),
  };
}

async function find(
  here: Repository,
  selector: string,
  options: CallOptions | undefined,
): Promise<RawManifest | undefined> {
  try {
    return await here.getManifest(selector, options);
  } catch (error) {
    // A lost or damaged one comes again.
    const codes = ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'STORE_BROKEN', 'DIGEST_MISMATCH'] as const;
    if (isSlipwayError(error, ...codes)) return undefined;
    throw error;
  }
}
