/**
 * Findings in docker's words: the long form that `build --check` prints, and its JSON. Pure text;
 * docker's line is that of the statement, the caret points at the exact place.
 */
import type { Diagnostic } from '#core/diagnostic.ts';
import { formatFrame } from '#core/frame.ts';
import { positionAt, type Range, type SourceFile } from '#core/source.ts';
import type { Reported } from './rule.ts';

/** What `build --check` prints on standard output. Ends with a newline. */
export function formatCheck(reported: readonly Reported[], file: SourceFile): string {
  const warnings = byLine(reported, file);
  if (warnings.length === 0) return 'Check complete, no warnings found.\n';
  const has = warnings.length === 1 ? 'has' : 'have';
  const head = `Check complete, ${count(warnings.length)} ${has} been found!\n`;
  return head + warnings.map(({ entry }) => `\n${formatFinding(entry, file)}\n`).join('');
}

/** One finding in full: rule and page, message, frame. */
function formatFinding({ rule, finding }: Reported, file: SourceFile): string {
  const page = rule.url === '' ? '' : ` - ${rule.url}`;
  const frame = formatFrame(file, finding.statement ?? finding.range, finding.range);
  return `WARNING: ${rule.name}${page}\n${finding.message}\n${frame}`;
}

/** What follows `ERROR: ` for what no build would take: each with its frame, cause and fix. */
export function formatErrors(errors: readonly Diagnostic[], file: SourceFile): string {
  const texts = errors.map(({ message, range, reason, hint }) => {
    const lines = [message, formatFrame(file, range)];
    if (reason !== undefined) lines.push(`cause: ${reason}`);
    if (hint !== undefined) lines.push(`fix: ${hint}`);
    return lines.map((line) => `${line}\n`).join('');
  });
  return texts.join('\nERROR: ');
}

/**
 * The document of `--call=check,format=json`, without docker's internal definition. `error`: the
 * first thing that no build would take.
 */
export function checkDocument(reported: readonly Reported[], file: SourceFile, error?: Diagnostic) {
  return {
    warnings: byLine(reported, file).map(({ entry: { rule, finding } }) => ({
      ruleName: rule.name,
      description: rule.description,
      ...(rule.url !== '' && { url: rule.url }),
      detail: finding.message,
      location: { ranges: lineRanges(finding.statement ?? finding.range, file) },
    })),
    sources: [
      {
        filename: file.name,
        data: Buffer.from(file.text).toString('base64'),
        language: 'Dockerfile',
      },
    ],
    ...(error && {
      buildError: {
        message: error.message,
        location: { ranges: lineRanges(error.range, file) },
      },
    }),
  };
}

/** One range a line, as docker has them. */
export function lineRanges(
  range: Range,
  file: SourceFile,
): { readonly start: { readonly line: number }; readonly end: { readonly line: number } }[] {
  const first = positionAt(file, range.start).line;
  const last = positionAt(file, Math.max(range.start, range.end - 1)).line;
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    start: { line: first + index },
    end: { line: first + index },
  }));
}

function byLine(
  reported: readonly Reported[],
  file: SourceFile,
): { readonly entry: Reported; readonly line: number }[] {
  return reported
    .map((entry) => ({ entry, line: lineOf(entry, file) }))
    .sort((left, right) => left.line - right.line);
}

function lineOf({ finding }: Reported, file: SourceFile): number {
  return positionAt(file, (finding.statement ?? finding.range).start).line;
}

function count(number: number): string {
  return `${number} ${number === 1 ? 'warning' : 'warnings'}`;
}
