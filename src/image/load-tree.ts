/**
 * Looks into an archive before anything of an image is loaded: what it consists of, which of an
 * index's images are there, and what neither the archive nor the store has.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, isDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { decodeManifest, type ImageIndex } from '#core/manifest.ts';
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';
import type { BlobStore } from '#core/repository.ts';
import type { PackedImage, PackedRepository } from '#store/packed-repository.ts';
import { platformsOf } from '#store/platforms.ts';
import { type WalkedImage, walkImage } from '#store/walk.ts';
import { type Gap, type MissingBlob, missingBlobs } from './archive-gaps.ts';
import { selectAnyManifest, selectManifest } from './select.ts';

export interface LookOptions {
  readonly from: PackedRepository;
  /** Where blobs that the archive leaves out may be. */
  readonly blobs: BlobStore;
  /** Preferred where the archive has only some images of an index. */
  readonly platform: Platform;
  /** Wants only this platform's image. */
  readonly only?: Platform;
  readonly signal?: AbortSignal;
}

/** An image of the archive that is whole, archive and store taken together. */
export interface Tree extends WalkedImage {
  /** What stands for it in the store: itself, or one image of an index. */
  readonly top: Digest;
}

/** @throws PLATFORM_UNKNOWN, MANIFEST_INVALID, DIGEST_MISMATCH */
export async function lookInto(image: PackedImage, options: LookOptions): Promise<Tree | Gap> {
  const { from, blobs, only } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const { digest } = image.manifest;
  try {
    const choose = await chooserFor(digest, options);
    const walked = await walkImage(from, { selector: digest, ...choose, ...call });
    const top = walked.manifests.at(-1)?.raw.digest ?? digest;
    if (only && top === walked.root.digest) await needPlatform(walked, { only, from });
    const missing = await missingBlobs(walked, { archive: from.blobs, store: blobs }, call);
    return missing.length > 0 ? { image, missing } : { ...walked, top };
  } catch (error) {
    if (!isSlipwayError(error, 'MANIFEST_UNKNOWN')) throw error;
    return { image, missing: [missingManifest(image, error)] };
  }
}

interface Chooser {
  readonly choose?: (index: ImageIndex) => Descriptor;
}

/**
 * Which image of an index to take: `only`, else all of them. docker saves indexes of which it has one
 * platform only: then that one stands for the whole. @throws MANIFEST_UNKNOWN
 */
export async function chooserFor(
  digest: Digest,
  options: Pick<LookOptions, 'from' | 'platform' | 'only'>,
): Promise<Chooser> {
  const { from, platform, only } = options;
  if (only) return { choose: (index) => selectManifest(index, only) };
  const manifest = decodeManifest(await from.getManifest(digest));
  if (manifest.kind !== 'index') return {};
  const there = new Set<Digest>();
  for (const child of manifest.manifests) {
    if (await from.blobs.stat(child.digest)) there.add(child.digest);
  }
  if (there.size === 0 || manifest.manifests.every((child) => there.has(child.digest))) return {};
  return {
    choose: (index) => {
      const manifests = index.manifests.filter((child) => there.has(child.digest));
      return selectAnyManifest(manifests.length > 0 ? { ...index, manifests } : index, platform);
    },
  };
}

/**
 * The config's digest, of an artifact too; of an index, that of the platform's image or of the first
 * one.
 */
export function imageIdOf({ manifests, root }: WalkedImage, platform: Platform): Digest {
  const byDigest = new Map(manifests.map(({ raw, manifest }) => [raw.digest, manifest]));
  let found = manifests.at(-1)?.manifest;
  while (found?.kind === 'index') {
    if (found.manifests.length === 0) return root.digest;
    found = byDigest.get(selectAnyManifest(found, platform).digest);
  }
  return found?.config.digest ?? root.digest;
}

/** An image that no index lists is of its config's platform. */
async function needPlatform(
  walked: WalkedImage,
  { only, from }: { readonly only: Platform; readonly from: PackedRepository },
): Promise<void> {
  const available = await platformsOf(from, walked);
  const platform = formatPlatform(normalizePlatform(only));
  if (available.includes(platform)) return;
  const found = available.join(', ') || 'none';
  throw new SlipwayError(
    'PLATFORM_UNKNOWN',
    `the archive's image is for another platform (${found}) than the specified one (${platform})`,
    { hint: 'load it without --platform', detail: { platform, available } },
  );
}

function missingManifest({ manifest }: PackedImage, error: SlipwayError): MissingBlob {
  const { reference } = error.detail;
  const isChild =
    typeof reference === 'string' && isDigest(reference) && reference !== manifest.digest;
  return isChild
    ? { role: 'manifest', digest: reference }
    : { role: 'manifest', digest: manifest.digest, size: manifest.size };
}
