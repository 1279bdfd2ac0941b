/**
 * What follows the log of a failed build, in docker's order: the failing step's output, the place
 * in the Dockerfile, the error line. Pure.
 *
 * An error says where it belongs by `detail.source` (SourceFile) and `detail.range` (Range).
 */
import { isSlipwayError } from '#core/errors.ts';
import { positionAt, type Range, type SourceFile } from '#core/source.ts';
import type { FailedStep } from './plain.ts';

const RULE = '------';
const FRAME_RULE = '--------------------';
/** Lines shown above and below the failing ones. */
const FRAME_CONTEXT_LINES = 2;

/** Everything above the `ERROR:` line, or nothing. */
export function failureTail(error: unknown, failed: FailedStep | undefined): string {
  const place = placeOf(error);
  return (
    (failed ? `${RULE}\n > ${failed.name}:\n${lines(failed.log)}${RULE}\n` : '') +
    (place ? sourceFrame(place) : '')
  );
}

/** `Dockerfile:12` and the numbered lines around it, the failing ones with `>>>`. */
export function sourceFrame({ source, range }: Place): string {
  const first = positionAt(source, range.start).line;
  const last = positionAt(source, Math.max(range.start, range.end - 1)).line;
  const text = source.text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (text.at(-1) === '') text.pop();
  const from = Math.max(1, first - FRAME_CONTEXT_LINES);
  const to = Math.min(text.length, last + FRAME_CONTEXT_LINES);
  const numbered: string[] = [];
  for (let line = from; line <= to; line++) {
    const mark = line >= first && line <= last ? '>>> ' : '    ';
    numbered.push(`${String(line).padStart(4)} | ${mark}${text[line - 1] ?? ''}`);
  }
  return `${source.name}:${first}\n${FRAME_RULE}\n${lines(numbered)}${FRAME_RULE}\n`;
}

export interface Place {
  readonly source: SourceFile;
  readonly range: Range;
}

/** The place an error (or the error that it was caused by) points at. */
function placeOf(error: unknown): Place | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!isSlipwayError(at)) continue;
    const { source, range } = at.detail;
    if (isSourceFile(source) && isRange(range)) return { source, range };
  }
  return undefined;
}

function isSourceFile(value: unknown): value is SourceFile {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'text' in value &&
    typeof value.text === 'string'
  );
}

function isRange(value: unknown): value is Range {
  return (
    typeof value === 'object' &&
    value !== null &&
    'start' in value &&
    typeof value.start === 'number' &&
    'end' in value &&
    typeof value.end === 'number'
  );
}

function lines(text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('');
}
