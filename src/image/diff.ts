/** `image diff`: what two images differ in: config, layers, files. */
import type { Digest } from '#core/digest.ts';
import type { ImageDiff, LayerSize } from '#core/image-files.ts';
import type { LayerFiles } from '#layer/layer.ts';
import { configDiff } from './config-diff.ts';
import { layerSizes } from './layer-sizes.ts';
import { type LookOptions, openRoot } from './root-tree.ts';
import { treeDiff } from './tree-diff.ts';

export interface DiffOptions extends LookOptions {
  /** When things were made counts too; else two builds of the same are the same. */
  readonly times: boolean;
}

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS */
export async function diffImages(
  before: string,
  after: string,
  options: DiffOptions,
): Promise<ImageDiff> {
  await using a = await openRoot(before, options);
  await using b = await openRoot(after, options);
  const config = configDiff(a.image.config, b.image.config, options);
  const files = await treeDiff(a.tree, b.tree, {
    ...options,
    sharedLayers: commonStart(a.layers, b.layers),
  });
  return {
    before: a.image.imageId,
    after: b.image.imageId,
    isSame: config.length === 0 && files.length === 0,
    config,
    layers: compareLayers(layerSizes(a.image), layerSizes(b.image)),
    files,
  };
}

function commonStart(a: readonly LayerFiles[], b: readonly LayerFiles[]): number {
  const end = a.findIndex(({ diffId }, i) => diffId !== b[i]?.diffId);
  return end < 0 ? a.length : end;
}

function compareLayers(
  before: readonly LayerSize[],
  after: readonly LayerSize[],
): ImageDiff['layers'] {
  const ids = (layers: readonly LayerSize[]): ReadonlySet<Digest> =>
    new Set(layers.map(({ diffId }) => diffId));
  const [old, now] = [ids(before), ids(after)];
  return {
    shared: after.filter(({ diffId }) => old.has(diffId)),
    onlyBefore: before.filter(({ diffId }) => !now.has(diffId)),
    onlyAfter: after.filter(({ diffId }) => !old.has(diffId)),
  };
}
