/** An image's layers with the steps of its history that made them. */
import type { LayerSize } from '#core/image-files.ts';
import type { LocalImage } from './resolve.ts';

/** Base first. Where the history does not fit the layers, as after a squash, nobody knows the steps. */
export function layerSizes({ layers, config }: LocalImage): readonly LayerSize[] {
  const steps = config.history.filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const fits = steps.length === layers.length;
  return layers.map(({ descriptor, diffId }, i) => {
    const createdBy = fits ? (steps[i]?.created_by ?? steps[i]?.comment) : undefined;
    return { diffId, size: descriptor.size, ...(createdBy ? { createdBy } : {}) };
  });
}
