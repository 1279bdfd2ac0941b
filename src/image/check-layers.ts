/**
 * Are the files of an archive's layers those that the image config promises? A layer's digest says
 * only what it is as sent; the config names the plain tar. Checked before an image gets a name.
 */
import type { LimitFunction } from 'p-limit';
import { decompress } from '#archive/compression.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { algorithmOf, createHasher, type Digest, shortId } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageManifest } from '#core/manifest.ts';
import { DOCKER_CONFIG, layerCompressionOf, OCI_CONFIG } from '#core/media-type.ts';
import type { BlobStore, CallOptions } from '#core/repository.ts';
import { isForeign } from '#store/manifest-rules.ts';
import { readConfig } from '#store/read-config.ts';
import type { WalkedImage } from '#store/walk.ts';

export interface CheckOptions {
  readonly archive: BlobStore;
  /** How many layers are inflated at once, shared with whoever else moves blobs. */
  readonly limit: LimitFunction;
  readonly signal?: AbortSignal;
}

/**
 * Reads what comes compressed once; layers of the archive only, what the store has was checked when
 * it came. @throws MANIFEST_INVALID (config of another shape or length), DIGEST_MISMATCH
 */
export async function checkLayers(
  { manifests }: WalkedImage,
  { archive, limit, signal }: CheckOptions,
): Promise<void> {
  const stop = new AbortController();
  const call = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
  const promised = new Map<string, Promised>();
  for (const { manifest } of manifests) {
    if (manifest.kind !== 'image' || !isRunnable(manifest)) continue;
    const diffIds = await diffIdsOf(manifest, archive, call);
    for (const [i, layer] of manifest.layers.entries()) {
      const diffId = diffIds?.[i];
      if (diffId === undefined || isForeign(layer)) continue;
      promised.set(`${layer.digest} ${diffId}`, { layer, diffId });
    }
  }
  const checking = [...promised.values()].map((one) => limit(() => checkLayer(one, archive, call)));
  try {
    await Promise.all(checking);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(checking);
    throw error;
  }
}

/** A layer and the tar that a config says it is. */
interface Promised {
  readonly layer: Descriptor;
  readonly diffId: Digest;
}

/** Whether its layers are meant to be file systems. */
export function isRunnable({ config, artifactType, subject }: ImageManifest): boolean {
  const isConfig = config.mediaType === OCI_CONFIG || config.mediaType === DOCKER_CONFIG;
  return isConfig && artifactType === undefined && subject === undefined;
}

/** Undefined where the config is not in the archive. */
async function diffIdsOf(
  manifest: ImageManifest,
  archive: BlobStore,
  call: CallOptions,
): Promise<readonly Digest[] | undefined> {
  const { config, layers } = manifest;
  if (!(await archive.stat(config.digest, call))) return undefined;
  const found = (await readConfig(archive, manifest, call)).rootfs.diff_ids;
  if (found.length === layers.length) return found;
  throw new SlipwayError(
    'MANIFEST_INVALID',
    `image ${shortId(config.digest)} has ${layers.length} layers, its config says ${found.length}`,
    { hint: 'the image was made wrongly; pull or build it again' },
  );
}

async function checkLayer(
  { layer, diffId }: Promised,
  archive: BlobStore,
  call: CallOptions,
): Promise<void> {
  const codec = layerCompressionOf(layer.mediaType);
  // What is no tar of files (or encrypted) can be moved, not checked.
  if (codec === undefined) return;
  if (codec === 'none') {
    if (layer.digest !== diffId && algorithmOf(layer.digest) === algorithmOf(diffId)) {
      throw notAsPromised(layer, { expected: diffId, found: layer.digest });
    }
    return;
  }
  if (!(await archive.stat(layer.digest, call))) return;
  const hasher = createHasher(algorithmOf(diffId));
  for await (const chunk of decompress(archive.read(layer.digest, call), call)) {
    hasher.update(chunk);
  }
  const found = hasher.digest();
  if (found !== diffId) throw notAsPromised(layer, { expected: diffId, found });
}

/** A layer whose tar is another than the config says. */
export function notAsPromised(
  { digest }: Descriptor,
  detail: { readonly expected: Digest; readonly found: Digest },
): SlipwayError {
  return new SlipwayError(
    'DIGEST_MISMATCH',
    `layer ${digest} does not hold the files its image config promises: ${detail.expected}, but ${detail.found}`,
    { hint: 'the image was made wrongly or changed on its way: save it again', detail },
  );
}
