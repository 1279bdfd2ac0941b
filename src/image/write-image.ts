/** A new image of the local store: config and manifest for layers that are there, then its names. */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { encodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_ZSTD,
  layerCompressionOf,
  OCI_CONFIG,
} from '#core/media-type.ts';
import { type Reference, repositoryKey } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import { NAMELESS } from '#store/images.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';

export interface NewImage {
  readonly store: LocalStore;
  /** Holds the layers. */
  readonly lease: Lease;
  readonly config: ImageConfig;
  /** As many as the config has diff_ids, base first. */
  readonly layers: readonly Descriptor[];
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Docker's media types instead of OCI's. */
  readonly docker?: boolean;
}

export interface UnnamedImage {
  readonly imageId: Digest;
  readonly manifest: RawManifest;
}

export interface WrittenImage {
  readonly imageId: Digest;
  readonly manifest: Descriptor;
}

/** Writes everything, then points the names at it: a name never shows something incomplete. */
export async function writeImage(
  options: NewImage & {
    /** With tags; none: an image without a name. */
    readonly names: readonly Reference[];
  },
): Promise<WrittenImage> {
  const { imageId, manifest } = await writeUnnamed(options);
  await nameImage([manifest], options);
  return { imageId, manifest: descriptorOf(manifest) };
}

/** Writes the config, which the lease holds from now on, and makes the manifest, which nobody has yet. */
export async function writeUnnamed(options: NewImage): Promise<UnnamedImage> {
  const { store, lease, layers, docker = false, annotations } = options;
  const bytes = encodeImageConfig(options.config);
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await store.blobs(lease).put(blob.digest, bytes);
  const manifest = encodeImageManifest({
    config: { mediaType: docker ? DOCKER_CONFIG : OCI_CONFIG, ...blob },
    layers: docker ? layers.map(asDockerLayer) : layers,
    docker,
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
  return { imageId: blob.digest, manifest };
}

/** Puts manifests into the store; the last of them, on top of the others, is under each name or none. */
export async function nameImage(
  manifests: readonly RawManifest[],
  options: {
    readonly store: LocalStore;
    readonly lease: Lease;
    readonly names: readonly Reference[];
    /** Where an image lies that gets none. */
    readonly nameless?: Reference;
  },
): Promise<void> {
  const { store, lease, names, nameless } = options;
  const put = async (name: string, tag?: string): Promise<void> => {
    const repository = store.repository({ space: 'images', name, lease });
    for (const child of manifests.slice(0, -1)) await repository.putManifest(child);
    for (const root of manifests.slice(-1)) {
      await repository.putManifest(root, tag === undefined ? {} : { tag });
    }
  };
  if (names.length === 0) await put(nameless ? repositoryKey(nameless) : NAMELESS);
  for (const name of names) await put(repositoryKey(name), name.tag ?? 'latest');
}

const DOCKER_LAYERS = {
  none: DOCKER_LAYER,
  gzip: DOCKER_LAYER_GZIP,
  zstd: DOCKER_LAYER_ZSTD,
} as const;

/** A layer of another kind (foreign, encrypted) keeps its type. */
function asDockerLayer(layer: Descriptor): Descriptor {
  const compression = layerCompressionOf(layer.mediaType);
  return compression === undefined ? layer : { ...layer, mediaType: DOCKER_LAYERS[compression] };
}
