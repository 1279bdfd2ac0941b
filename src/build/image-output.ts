/** The finished stage as an image in the store: config, manifest, names. */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { encodeImageConfig, type ImageConfig } from '#core/image-config.ts';
import { descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG } from '#core/media-type.ts';
import { formatReference, type Reference, repositoryKey } from '#core/reference.ts';
import { NAMELESS } from '#store/images.ts';
import { type BuildSession, timestamp } from './session.ts';
import type { StageState } from './state.ts';
import type { Vertex } from './vertex.ts';

export interface WrittenImage {
  readonly imageId: Digest;
  readonly manifest: Descriptor;
}

/** Writes everything, then points the names at it: a name never shows something incomplete. */
export async function writeImage(
  session: BuildSession,
  state: StageState,
  { names, vertex }: { readonly names: readonly Reference[]; readonly vertex: Vertex },
): Promise<WrittenImage> {
  const { store, lease } = session;
  const bytes = encodeImageConfig(imageConfig(session, state));
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
  const manifest = encodeImageManifest({
    config,
    layers: state.layers.map(({ descriptor }) => descriptor),
  });
  vertex.status(`writing image ${config.digest}`, { done: true });
  const put = (repository: string, tag?: string): Promise<Descriptor> =>
    store
      .repository({ space: 'images', name: repository, lease })
      .putManifest(manifest, tag === undefined ? {} : { tag });
  if (names.length === 0) await put(NAMELESS);
  for (const name of names) {
    await put(repositoryKey(name), name.tag ?? 'latest');
    vertex.status(`naming to ${formatReference(name)}`, { done: true });
  }
  return { imageId: config.digest, manifest: descriptorOf(manifest) };
}

function imageConfig(session: BuildSession, state: StageState): ImageConfig {
  const { os, architecture, variant } = session.platform;
  return {
    created: state.created ?? timestamp(session),
    ...(state.author ? { author: state.author } : {}),
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config: state.config,
    rootfs: { type: 'layers', diff_ids: state.layers.map(({ diffId }) => diffId) },
    history: state.history,
  };
}
