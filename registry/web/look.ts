/** What a page shows of a manifest: read once, with what is below it. */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { decodeManifest, type ImageIndex, type ImageManifest } from '#core/manifest.ts';
import { formatPlatform } from '#core/platform.ts';
import type { RegistryCall } from '../endpoints/base.ts';
import type { ServedRepository } from '../provider.ts';

export interface LookedAt {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifest: ImageManifest | ImageIndex;
}

export interface Row {
  readonly tag: string;
  readonly digest: Digest;
  /** `linux/amd64`, … */
  readonly platforms: readonly string[];
  /** Of the layers, compressed; absent for an index. */
  readonly sizeBytes?: number;
}

/** A config is a few kilobytes; one that is larger is not shown. */
const CONFIG_BYTES_MAX = 1024 * 1024;

export async function lookAt(
  call: RegistryCall,
  repository: ServedRepository,
  reference: string,
): Promise<LookedAt> {
  const { signal } = call;
  const { digest, mediaType } = await repository.resolve(reference, { signal });
  const bytes = await call.manifests.bytes(digest, async () => {
    return (await repository.getManifest(digest, { signal })).bytes;
  });
  return { digest, mediaType, manifest: decodeManifest({ digest, mediaType, bytes }) };
}

/** A line of the list of tags. */
export async function rowOf(
  call: RegistryCall,
  repository: ServedRepository,
  tag: string,
): Promise<Row> {
  const { digest, manifest } = await lookAt(call, repository, tag);
  if (manifest.kind === 'index') return { tag, digest, platforms: platformsOf(manifest) };
  const config = await configOf(call, repository, manifest);
  return {
    tag,
    digest,
    platforms: config ? [formatPlatform(config)] : [],
    sizeBytes: manifest.layers.reduce((sum, { size }) => sum + size, 0),
  };
}

export function platformsOf({ manifests }: ImageIndex): readonly string[] {
  return manifests.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown' ? [formatPlatform(platform)] : [],
  );
}

/** Undefined for artifacts, whose config is something else, and for what is lost. */
export async function configOf(
  call: RegistryCall,
  repository: ServedRepository,
  { config }: ImageManifest,
): Promise<ImageConfig | undefined> {
  if (
    config.size > CONFIG_BYTES_MAX ||
    !/(?:image\.config|container\.image)\.v1/.test(config.mediaType)
  ) {
    return undefined;
  }
  const bytes = await call.manifests.bytes(config.digest, () => bytesOf(call, repository, config));
  try {
    return decodeImageConfig(bytes);
  } catch (error) {
    if (isSlipwayError(error)) return undefined;
    throw error;
  }
}

async function bytesOf(
  { signal }: RegistryCall,
  { blobs }: ServedRepository,
  { digest }: Descriptor,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.read(digest, { signal })) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
