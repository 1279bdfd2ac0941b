/** How the layers of an image are written where it leaves the store. */
import type { LayerCompression } from './media-type.ts';

export interface LayerForm {
  readonly codec: LayerCompression;
  /** Absent: the codec's own default. */
  readonly level?: number;
}

/** What registries get unless something else is asked for. */
export const GZIP: LayerForm = { codec: 'gzip' };

/** Levels that may be asked for; above zstd's 19 a single layer takes hundreds of megabytes of memory. */
export const LEVELS = { gzip: { min: 0, max: 9 }, zstd: { min: 1, max: 19 } } as const;

/** `gzip`, `zstd-19`: equal for forms that give equal bytes. */
export function formName({ codec, level }: LayerForm): string {
  return level === undefined ? codec : `${codec}-${level}`;
}
