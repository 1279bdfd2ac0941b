/** Which platforms an image is for, as its index or its config says. */
import { isSlipwayError } from '#core/errors.ts';
import { decodeImageConfig } from '#core/image-config.ts';
import type { ImageManifest } from '#core/manifest.ts';
import { DOCKER_CONFIG, OCI_CONFIG } from '#core/media-type.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import type { Repository } from '#core/repository.ts';
import type { WalkedImage } from './walk.ts';

/** A config is small; a larger one than this is none. */
const CONFIG_SIZE_BYTES_MAX = 16 * 1024 * 1024;

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
  { config }: ImageManifest,
): Promise<Platform | undefined> {
  if (config.mediaType !== OCI_CONFIG && config.mediaType !== DOCKER_CONFIG) return undefined;
  if (config.size > CONFIG_SIZE_BYTES_MAX) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.blobs.read(config.digest)) chunks.push(chunk);
  try {
    const { os, architecture, variant } = decodeImageConfig(Buffer.concat(chunks));
    // What signs an image is often dressed as one, for no machine.
    if (os === '' || architecture === '') return undefined;
    return { os, architecture, ...(variant ? { variant } : {}) };
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_INVALID')) return undefined;
    throw error;
  }
}
