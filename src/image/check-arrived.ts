/** Are the layers of a pulled image those that its config promises? Asked before it gets a name. */
import type { ImageManifest } from '#core/manifest.ts';
import type { ArrivingBlobs } from '#store/arriving-blobs.ts';
import { readConfig } from '#store/read-config.ts';
import type { WalkedImage } from '#store/walk.ts';
import { isRunnable, notAsPromised } from './check-layers.ts';

/**
 * Looks at layers that came now; the others were checked when they came, or are when they are opened.
 * @throws DIGEST_MISMATCH, and why a layer is none
 */
export async function checkArrived(
  { manifests }: WalkedImage,
  blobs: ArrivingBlobs,
): Promise<void> {
  for (const { manifest } of manifests) {
    if (manifest.kind === 'image' && isRunnable(manifest)) await checkImage(manifest, blobs);
  }
}

async function checkImage(manifest: ImageManifest, blobs: ArrivingBlobs): Promise<void> {
  const { layers } = manifest;
  if (!layers.some(({ digest }) => blobs.arrived.has(digest))) return;
  const { diff_ids } = (await readConfig(blobs, manifest)).rootfs;
  for (const [i, layer] of layers.entries()) {
    const arrived = blobs.arrived.get(layer.digest);
    if (!arrived) continue;
    if (arrived.diffId === undefined) throw arrived.refusal;
    const expected = diff_ids[i];
    if (expected !== undefined && expected !== arrived.diffId) {
      throw notAsPromised(layer, { expected, found: arrived.diffId });
    }
  }
}
