/**
 * An image of the local store opened to look into: its layers as one tree, read from their indexes
 * without a mount, so any user can who can read the store.
 */
import type { Platform } from '#core/platform.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import type { LocalStore } from '#store/local-store.ts';
import { type LocalImage, resolveImage } from './resolve.ts';

export interface LookOptions {
  readonly store: LocalStore;
  /** Which image of an index; another one where it has none of this platform. */
  readonly platform: Platform;
  readonly signal?: AbortSignal;
}

/** Disposing closes the files and lets go of the image. */
export interface OpenedRoot extends AsyncDisposable {
  readonly image: LocalImage;
  readonly tree: MergedTree;
  /** Base first. */
  readonly layers: readonly LayerFiles[];
}

/**
 * A layer that came compressed and was never used is inflated first, once for all.
 * @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, and what makes a layer unusable (see LayerStore.ensure)
 */
export async function openRoot(text: string, options: LookOptions): Promise<OpenedRoot> {
  const { store, signal } = options;
  await using stack = new AsyncDisposableStack();
  const lease = stack.use(await store.lease({ purpose: `look into ${text}` }));
  const image = await resolveImage(text, { ...options, lease, orAnyPlatform: true });
  const layers: LayerFiles[] = [];
  for (const layer of image.layers) {
    layers.push(await store.layers.ensure(layer, { lease, ...(signal ? { signal } : {}) }));
  }
  const tree = stack.use(MergedTree.open(layers));
  const held = stack.move();
  return { image, tree, layers, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
