/** Images of the local store made of given files, for tests of what looks into images. */
import type { EntrySource } from '#archive/entry.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import { encodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_LAYER } from '#core/media-type.ts';
import type { Platform } from '#core/platform.ts';
import type { LocalStore } from '#store/local-store.ts';
import { tarOf } from '#test/helpers/entries.ts';
import { type SampleImage, type SampleLayer, sampleBlob } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

export const PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/** Base first; equal layers give equal digests. */
export async function layeredImage(
  layers: readonly (readonly EntrySource[])[],
  given: Partial<ImageConfig> = {},
): Promise<SampleImage> {
  const blobs: SampleLayer[] = [];
  for (const entries of layers) blobs.push(layerOf(await tarOf(entries)));
  const config: ImageConfig = {
    created: '2026-01-02T03:04:05Z',
    ...PLATFORM,
    config: {},
    history: layers.map((_, i) => ({
      created: '2026-01-02T03:04:05Z',
      created_by: `step ${i + 1}`,
    })),
    rootfs: { type: 'layers', diff_ids: blobs.map(({ diffId }) => diffId) },
    ...given,
  };
  const configBlob = sampleBlob(encodeImageConfig(config));
  const descriptor: Descriptor = {
    mediaType: OCI_CONFIG,
    digest: configBlob.digest,
    size: configBlob.bytes.byteLength,
  };
  const manifest = encodeImageManifest({
    config: descriptor,
    layers: blobs.map((layer) => layer.descriptor),
  });
  return {
    manifest,
    config,
    imageId: configBlob.digest,
    layers: blobs,
    blobs: [configBlob, ...blobs],
  };
}

function layerOf(tar: Uint8Array): SampleLayer {
  const digest = digestOf(tar);
  return {
    digest,
    bytes: tar,
    diffId: digest,
    descriptor: { mediaType: OCI_LAYER, digest, size: tar.byteLength },
  };
}

export interface ImageFixture extends AsyncDisposable {
  readonly store: LocalStore;
  /** What every function that looks into images takes. */
  readonly look: { readonly store: LocalStore; readonly platform: Platform };
  /** Adds an image of these layers. */
  add(
    name: string,
    layers: readonly (readonly EntrySource[])[],
    config?: Partial<ImageConfig>,
  ): Promise<SampleImage>;
}

/** A store with images of given files. */
export async function imageFixture(): Promise<ImageFixture> {
  const place = await temporaryStore();
  const { store } = place;
  return {
    store,
    look: { store, platform: PLATFORM },
    async add(name, layers, config) {
      const image = await layeredImage(layers, config);
      await storeImage(store, image, name);
      return image;
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}
