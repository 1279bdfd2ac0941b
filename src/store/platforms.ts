/** Which platforms an image is for, as its index or its config says. */
import { isSlipwayError } from '#core/errors.ts';
import type { ImageManifest } from '#core/manifest.ts';
import { DOCKER_CONFIG, OCI_CONFIG } from '#core/media-type.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import type { Repository } from '#core/repository.ts';
import { readConfig } from './read-config.ts';
import type { WalkedImage } from './walk.ts';

/** `linux/arm64`, each once and in order; none for what is no image to run. */
export async function platformsOf(
  from: Repository,
  { manifests }: WalkedImage,
): Promise<readonly string[]> {
  const top = manifests.at(-1)?.manifest;
  if (top === undefined) return [];
  if (top.kind === 'image') {
    const platform = await platformIn(from, top);
    return platform ? [formatPlatform(platform)] : [];
  }
  const listed = top.manifests.flatMap(({ platform }) => (platform ? [platform] : []));
  return [...new Set(listed.filter(({ os }) => os !== 'unknown').map(formatPlatform))];
}

async function platformIn(
  from: Repository,
  manifest: ImageManifest,
): Promise<Platform | undefined> {
  const { mediaType } = manifest.config;
  if (mediaType !== OCI_CONFIG && mediaType !== DOCKER_CONFIG) return undefined;
  try {
    const { os, architecture, variant } = await readConfig(from.blobs, manifest);
    // What signs an image is often dressed as one, for no machine.
    if (os === '' || architecture === '') return undefined;
    return { os, architecture, ...(variant ? { variant } : {}) };
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_INVALID')) return undefined;
    throw error;
  }
}
