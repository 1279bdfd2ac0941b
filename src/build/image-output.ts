/** The finished stage as an image in the store: config, manifest, names. */
import type { ImageConfig } from '#core/image-config.ts';
import { formatReference, type Reference } from '#core/reference.ts';
import { type WrittenImage, writeImage } from '#image/write-image.ts';
import { type BuildSession, timestamp } from './session.ts';
import type { StageState } from './state.ts';
import type { Vertex } from './vertex.ts';

/** Writes the image and says so. */
export async function outputImage(
  session: BuildSession,
  state: StageState,
  { names, vertex }: { readonly names: readonly Reference[]; readonly vertex: Vertex },
): Promise<WrittenImage> {
  const { store, lease } = session;
  const layers = state.layers.map(({ descriptor }) => descriptor);
  const config = imageConfig(session, state);
  const written = await writeImage({ store, lease, config, layers, names });
  vertex.status(`writing image ${written.imageId}`, { done: true });
  for (const name of names) vertex.status(`naming to ${formatReference(name)}`, { done: true });
  return written;
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
