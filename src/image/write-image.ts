/** A new image of the local store: config and manifest for layers that are there, then its names. */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { encodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG } from '#core/media-type.ts';
import { type Reference, repositoryKey } from '#core/reference.ts';
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
  /** With tags; none: an image without a name. */
  readonly names: readonly Reference[];
}

export interface WrittenImage {
  readonly imageId: Digest;
  readonly manifest: Descriptor;
}

/** Writes everything, then points the names at it: a name never shows something incomplete. */
export async function writeImage(options: NewImage): Promise<WrittenImage> {
  const { store, lease, layers, names } = options;
  const bytes = encodeImageConfig(options.config);
  const config: Descriptor = {
    mediaType: OCI_CONFIG,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  await using ingest = await store
    .blobs(lease)
    .ingest({ digest: config.digest, size: config.size });
  await ingest.write(bytes);
  await ingest.commit({ digest: config.digest, size: config.size });
  const manifest = encodeImageManifest({ config, layers });
  const put = (repository: string, tag?: string): Promise<Descriptor> =>
    store
      .repository({ space: 'images', name: repository, lease })
      .putManifest(manifest, tag === undefined ? {} : { tag });
  if (names.length === 0) await put(NAMELESS);
  for (const name of names) await put(repositoryKey(name), name.tag ?? 'latest');
  return { imageId: config.digest, manifest: descriptorOf(manifest) };
}
