/** The differences of two images as text and as the document of `--format`. Pure. */
import { displayBytes } from '#core/bytes.ts';
import { encodedOf } from '#core/digest.ts';
import type { ConfigChange, FileChange, ImageDiff, LayerSize } from '#core/image-files.ts';
import type { JsonObject, JsonValue } from '#core/json.ts';
import { escaped } from './file-rows.ts';
import { humanSize } from './format.ts';

/** For people; empty when the images are the same. `names`: what the user calls them. */
export function diffText(diff: ImageDiff, names: readonly [string, string]): string {
  if (diff.isSame) return '';
  const config =
    diff.config.length === 0 ? [] : ['Config:', ...diff.config.flatMap(configLine), ''];
  const { files } = diff;
  const count = (change: FileChange['change']): number =>
    files.filter((file) => file.change === change).length;
  const counts = `${count('added')} added, ${count('changed')} changed, ${count('deleted')} deleted`;
  return [
    ...config,
    ...layerLines(diff.layers, names),
    '',
    `Files: ${counts}`,
    ...files.map(fileLine),
    '',
  ].join('\n');
}

function configLine({ field, before, after }: ConfigChange): string[] {
  if (Array.isArray(before) && Array.isArray(after) && before.length + after.length > 4) {
    const gone = before
      .filter((item) => !after.includes(item))
      .map((item) => `    - ${shown(item)}`);
    const come = after
      .filter((item) => !before.includes(item))
      .map((item) => `    + ${shown(item)}`);
    if (gone.length + come.length > 0) return [`  ${safe(field)}:`, ...gone, ...come];
  }
  return [`  ${safe(field)}: ${shown(before)} -> ${shown(after)}`];
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? '(not set)' : safe(JSON.stringify(value));
}

function layerLines(
  layers: ImageDiff['layers'],
  [before, after]: readonly [string, string],
): string[] {
  const { shared, onlyBefore, onlyAfter } = layers;
  const sum = (some: readonly LayerSize[]): string =>
    `${some.length === 0 ? 'none' : some.length}` +
    (some.length === 0 ? '' : ` (${humanSize(some.reduce((total, { size }) => total + size, 0))})`);
  return [
    `Layers: shared ${sum(shared)}, only in ${before} ${sum(onlyBefore)}, only in ${after} ${sum(onlyAfter)}`,
    ...onlyBefore.map((layer) => `- ${layerLine(layer)}`),
    ...onlyAfter.map((layer) => `+ ${layerLine(layer)}`),
  ];
}

function layerLine({ diffId, size, createdBy = '' }: LayerSize): string {
  const step = createdBy.length > 80 ? `${createdBy.slice(0, 79)}…` : createdBy;
  return `${encodedOf(diffId).slice(0, 12)} ${humanSize(size)} ${safe(step)}`.trimEnd();
}

/** `C /etc/passwd 1.2kB -> 1.3kB (content, mode)`. */
function fileLine(file: FileChange): string {
  const letter = { added: 'A', changed: 'C', deleted: 'D' }[file.change];
  const path = displayBytes(escaped(file.path));
  return [letter, path, ...sizes(file), ...reasons(file)].join(' ');
}

function sizes({ kind, change, sizeBefore = 0, sizeAfter = 0 }: FileChange): string[] {
  if (change === 'changed') {
    if (sizeBefore === sizeAfter) return [];
    return [`${humanSize(sizeBefore)} -> ${humanSize(sizeAfter)}`];
  }
  return kind === 'file' ? [humanSize(sizeBefore + sizeAfter)] : [];
}

function reasons({ differences }: FileChange): string[] {
  return differences.length === 0 ? [] : [`(${differences.join(', ')})`];
}

/** One line, and nothing that steers a terminal. */
function safe(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** The document of `--format`. */
export function diffJson(diff: ImageDiff): JsonObject {
  return {
    Before: diff.before,
    After: diff.after,
    Same: diff.isSame,
    Config: diff.config.map(({ field, before = null, after = null }) => ({
      Field: field,
      Before: before,
      After: after,
    })),
    Layers: {
      Shared: diff.layers.shared.map(layerJson),
      OnlyBefore: diff.layers.onlyBefore.map(layerJson),
      OnlyAfter: diff.layers.onlyAfter.map(layerJson),
    },
    Files: diff.files.map((file) => ({
      Path: displayBytes(file.path),
      Change: file.change,
      Type: file.kind,
      SizeBefore: file.sizeBefore ?? null,
      SizeAfter: file.sizeAfter ?? null,
      Differences: file.differences,
    })),
  };
}

/** A layer in documents of `--format`. */
export function layerJson({ diffId, size, createdBy = '' }: LayerSize): JsonObject {
  return { DiffID: diffId, Size: size, CreatedBy: createdBy };
}
