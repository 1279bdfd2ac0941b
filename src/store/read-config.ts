/** The image config of a manifest, from wherever its blobs are. */
import { SlipwayError } from '#core/errors.ts';
import { decodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import type { ImageManifest } from '#core/manifest.ts';
import type { BlobStore, CallOptions } from '#core/repository.ts';

/** A config is small; a larger one than this is no config. */
const CONFIG_SIZE_BYTES_MAX = 16 * 1024 * 1024;

/** @throws BLOB_UNKNOWN, MANIFEST_INVALID, DIGEST_MISMATCH */
export async function readConfig(
  blobs: BlobStore,
  manifest: ImageManifest,
  options: CallOptions = {},
): Promise<ImageConfig> {
  return decodeImageConfig(await readConfigBytes(blobs, manifest, options));
}

/** The same as it is written. @throws BLOB_UNKNOWN, MANIFEST_INVALID (too large), DIGEST_MISMATCH */
export async function readConfigBytes(
  blobs: BlobStore,
  { config }: ImageManifest,
  options: CallOptions = {},
): Promise<Uint8Array> {
  if (config.size > CONFIG_SIZE_BYTES_MAX) {
    throw new SlipwayError('MANIFEST_INVALID', `image config of ${config.size} bytes`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.read(config.digest, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
