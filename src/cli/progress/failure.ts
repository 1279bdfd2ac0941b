/**
 * What follows the log of a failed build, in docker's order: the failing step's output, the place
 * in the Dockerfile, the error line. Pure.
 *
 * An error says where it belongs by `detail.source` (SourceFile) and `detail.range` (Range), and
 * what else is wrong in the same file by `detail.diagnostics`.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { isSlipwayError } from '#core/errors.ts';
import { formatDiagnostic, formatFrame } from '#core/frame.ts';
import type { Range, SourceFile } from '#core/source.ts';
import type { FailedStep } from './failed-step.ts';

const RULE = '------';

/** Everything above the `ERROR:` line, or nothing. */
export function failureTail(error: unknown, failed: FailedStep | undefined): string {
  const log = failed?.log.map((line) => `${line}\n`).join('');
  return (failed ? `${RULE}\n > ${failed.name}:\n${log}${RULE}\n` : '') + placeText(error);
}

/** The frame; of several problems each with its message, as the error line names only the first. */
function placeText(error: unknown): string {
  const place = placeOf(error);
  if (!place) return '';
  const { source, range, diagnostics } = place;
  return diagnostics.length > 1
    ? diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, source)}\n\n`).join('')
    : `${formatFrame(source, range)}\n`;
}

interface Place {
  readonly source: SourceFile;
  readonly range: Range;
  readonly diagnostics: readonly Diagnostic[];
}

/** The place an error, or the error that it was caused by, points at. */
function placeOf(error: unknown): Place | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!isSlipwayError(at)) continue;
    const { source, range, diagnostics } = at.detail;
    if (!isSourceFile(source) || !isRange(range)) continue;
    return {
      source,
      range,
      diagnostics: Array.isArray(diagnostics) ? diagnostics.filter(isDiagnostic) : [],
    };
  }
  return undefined;
}

function isSourceFile(value: unknown): value is SourceFile {
  return hasFields(value, { name: 'string', text: 'string' });
}

function isRange(value: unknown): value is Range {
  return hasFields(value, { start: 'number', end: 'number' });
}

function isDiagnostic(value: unknown): value is Diagnostic {
  return (
    hasFields(value, { code: 'string', severity: 'string', message: 'string', range: 'object' }) &&
    isRange(value.range)
  );
}

function hasFields<K extends string>(
  value: unknown,
  types: Readonly<Record<K, 'string' | 'number' | 'object'>>,
): value is Record<K, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map(Object.entries(value));
  return Object.entries(types).every(([name, type]) => typeof fields.get(name) === type);
}
