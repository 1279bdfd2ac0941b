/**
 * An index without the platforms that nobody wants. It is another index, of another digest, the same each
 * time; the images in it are as they were, and so is what refers to them. Attestations stay with their images.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest, encodeIndex, type ImageIndex } from '#core/manifest.ts';
import { DOCKER_LIST } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import type { CallOptions, RawManifest, ReferrerLister, Repository } from '#core/repository.ts';
import { rememberManifests } from './remembered-manifests.ts';
import { selectManifest } from './select.ts';

/** BuildKit's: which image of the index an attestation is about. */
const ABOUT = 'vnd.docker.reference.digest';

/**
 * The manifest that stands for the selector's: itself where it is no index or all of it is wanted, the
 * image where only one is. @throws PLATFORM_UNKNOWN when none of the platforms is there
 */
export async function manifestFor(
  from: Repository,
  selector: string,
  platforms: readonly Platform[],
  call: CallOptions = {},
): Promise<RawManifest> {
  const raw = await from.getManifest(selector, call);
  const index = decodeManifest(raw);
  if (index.kind !== 'index') return raw;
  const wanted = wantedIn(index, platforms);
  const images = index.manifests.filter((one) => wanted.has(one.digest));
  const [only, ...others] = images;
  const kept = index.manifests.filter((one) => wanted.has(one.digest) || isAbout(one, wanted));
  if (kept.length === index.manifests.length) return raw;
  if (only && others.length === 0 && kept.length === 1) {
    return await from.getManifest(only.digest, call);
  }
  const { annotations } = index;
  return encodeIndex(kept, {
    docker: raw.mediaType === DOCKER_LIST,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
}

function wantedIn(index: ImageIndex, platforms: readonly Platform[]): ReadonlySet<Digest> {
  const wanted = new Set<Digest>();
  let missing: unknown;
  for (const platform of platforms) {
    try {
      wanted.add(selectManifest(index, platform).digest);
    } catch (error) {
      if (!isSlipwayError(error, 'PLATFORM_UNKNOWN')) throw error;
      missing = error;
    }
  }
  if (wanted.size === 0 && missing !== undefined) throw missing;
  return wanted;
}

function isAbout({ annotations }: Descriptor, images: ReadonlySet<Digest>): boolean {
  const about = annotations?.[ABOUT];
  return [...images].some((digest) => digest === about);
}

/** A repository that has one manifest more. */
export function withManifest(
  there: Repository & ReferrerLister,
  raw: RawManifest,
): Repository & ReferrerLister {
  return rememberManifests(there, [raw]);
}
