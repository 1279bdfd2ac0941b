/** What the layers of an image cost, as tables and as the document of `--format`. Pure. */
import { displayBytes } from '#core/bytes.ts';
import type { ImageAnalysis, WastedFile } from '#core/image-files.ts';
import type { JsonObject } from '#core/json.ts';
import { layerJson } from './diff-text.ts';
import { escaped } from './file-rows.ts';
import { humanSize } from './format.ts';
import { formatTable } from './table.ts';

const STEP_LENGTH_MAX = 60;

/** For people. `top`: how many of the wasted files. */
export function analysisText(
  analysis: ImageAnalysis,
  { top, fullSteps }: { readonly top: number; readonly fullSteps: boolean },
): string {
  const { layers, totalBytes, wastedBytes, wasted } = analysis;
  const rows = layers.map((layer, i) => [
    String(i + 1),
    humanSize(layer.fileBytes),
    String(layer.files),
    humanSize(layer.wastedBytes),
    String(layer.deletions),
    stepText(layer.createdBy ?? '', fullSteps),
  ]);
  return [
    formatTable(['LAYER', 'SIZE', 'FILES', 'WASTED', 'DELETIONS', 'CREATED BY'], rows),
    '\n',
    `Total:       ${humanSize(totalBytes)}\n`,
    `Wasted:      ${humanSize(wastedBytes)}\n`,
    `Efficiency:  ${percentText(analysis.efficiency)}\n`,
    ...wastedTable(wasted.slice(0, top)),
  ].join('');
}

function wastedTable(wasted: readonly WastedFile[]): string[] {
  if (wasted.length === 0) return [];
  const rows = wasted.map(({ bytes, copies, fate, layers, path }) => [
    humanSize(bytes),
    String(copies),
    fate,
    layers.join(','),
    displayBytes(escaped(path)),
  ]);
  return ['\n', formatTable(['WASTED', 'COPIES', 'FATE', 'LAYERS', 'PATH'], rows)];
}

function stepText(step: string, full: boolean): string {
  const line = step.replaceAll(/\p{Cc}+/gu, ' ');
  return full || line.length <= STEP_LENGTH_MAX ? line : `${line.slice(0, STEP_LENGTH_MAX - 1)}…`;
}

/** Without the noise of binary fractions: 0.949 is 94.9. */
export function percentOf(part: number): number {
  return Number((part * 100).toFixed(6));
}

/** `99.7%`; rounded down, so that a threshold just missed does not look met. */
export function percentText(part: number): string {
  return `${Math.floor(Number((percentOf(part) * 10).toFixed(5))) / 10}%`;
}

/** The document of `--format`. */
export function analysisJson(analysis: ImageAnalysis): JsonObject {
  return {
    ID: analysis.imageId,
    TotalBytes: analysis.totalBytes,
    WastedBytes: analysis.wastedBytes,
    Efficiency: analysis.efficiency,
    Layers: analysis.layers.map((layer) => ({
      ...layerJson(layer),
      FileBytes: layer.fileBytes,
      Files: layer.files,
      WastedBytes: layer.wastedBytes,
      Deletions: layer.deletions,
    })),
    Wasted: analysis.wasted.map(({ path, bytes, copies, fate, layers }) => ({
      Path: displayBytes(path),
      Bytes: bytes,
      Copies: copies,
      Fate: fate,
      Layers: layers,
    })),
  };
}
