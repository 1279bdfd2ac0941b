/**
 * What follows the log of a failed build, in docker's order: the failing step's output, the place
 * in the Dockerfile, the error line. Pure.
 *
 * An error says where it belongs by `detail.source` (SourceFile) and `detail.range` (Range), and
 * what else is wrong in the same file by `detail.diagnostics`.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { isSlipwayError, type SlipwayError } from '#core/errors.ts';
import { formatDiagnostic, formatFrame } from '#core/frame.ts';
import type { Range, SourceFile } from '#core/source.ts';
import type { FailedStep } from './failed-step.ts';

const RULE = '------';

/** Everything above the `ERROR:` line, or nothing. */
export function failureTail(error: unknown, failed: FailedStep | undefined): string {
  const log = failed?.log.map((line) => `${line}\n`).join('');
  return (failed ? `${RULE}\n > ${failed.name}:\n${log}${RULE}\n` : '') + placeText(error);
}

/** Lines of output that a shell begins with. */
const SHELL_LOG_LINES = 10;

/** What a shell in a failed step's root is begun with. */
export function shellIntroduction({ message, detail }: SlipwayError): string {
  const log = typeof detail.log === 'string' ? detail.log.trimEnd().split('\n') : [];
  const shown = log.slice(-SHELL_LOG_LINES).map((line) => `${line}\n`);
  return `${RULE}\n${shown.join('')}${RULE}\n${message}\nA shell in the root of this step; leave it, and the build ends.\n`;
}

/** How to look into what a failed build left: exact commands. `root`: a flag for them, or nothing. */
export function keptText(
  error: unknown,
  { ref, root }: { readonly ref: string | undefined; readonly root: string },
): string {
  if (ref === undefined || !isSlipwayError(error, 'RUN_FAILED')) return '';
  const image = keptImageOf(error.detail.failedImage);
  const look =
    image?.shell === undefined
      ? `slipway ${root}image ls-files ${image?.id}`
      : `slipway ${root}run --rm -it ${image.id} ${image.shell === '/bin/sh' ? 'sh' : image.shell}`;
  const kept = image
    ? `The root of the failed step is image ${image.id}. Look into it: ${look}\n`
    : '';
  return `${kept}The whole log: slipway ${root}history logs ${ref}\n`;
}

function keptImageOf(value: unknown): { readonly id: string; readonly shell?: string } | undefined {
  if (!hasFields(value, { imageId: 'string' })) return undefined;
  const id = String(value.imageId)
    .replace(/^sha256:/, '')
    .slice(0, 12);
  return hasFields(value, { shell: 'string' }) ? { id, shell: String(value.shell) } : { id };
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

export interface Place {
  readonly source: SourceFile;
  readonly range: Range;
  readonly diagnostics: readonly Diagnostic[];
}

/** The place an error, or the error that it was caused by, points at. */
export function placeOf(error: unknown): Place | undefined {
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
