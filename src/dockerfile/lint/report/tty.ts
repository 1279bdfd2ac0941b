/** For people: each finding under docker's source frame with a caret, then a count. */
import type { Severity } from '#core/diagnostic.ts';
import { formatFrame } from '#core/frame.ts';
import type { SourceFile } from '#core/source.ts';
import type { Reported } from '../rule.ts';
import { type FileReport, placed, type ReportOptions, severityOf } from './report.ts';

export function reportTty(reports: readonly FileReport[], options: ReportOptions): string {
  const paint = options.colours === true ? coloured : plain;
  const findings = reports.flatMap((report) =>
    placed(report).map(({ reported }) => findingText(report.file, reported, paint)),
  );
  const all = reports.flatMap(({ reported }) => reported);
  return [...findings, `${summary(all)}\n`].join('\n');
}

type Paint = (text: string, severity: Severity) => string;

const plain: Paint = (text) => text;

const COLOURS: Readonly<Record<Severity, number>> = { error: 31, warning: 33, info: 36 };

const coloured: Paint = (text, severity) => `\u001b[1;${COLOURS[severity]}m${text}\u001b[0m`;

function findingText(file: SourceFile, reported: Reported, paint: Paint): string {
  const { rule, finding } = reported;
  const severity = severityOf(reported);
  // The line of carets is the one with a margin that has no number.
  const frame = visible(formatFrame(file, finding.range)).replace(
    /(?<=\n +\| {5}\s*)\^+(?=\n)/,
    (carets) => paint(carets, severity),
  );
  return [
    frame,
    `${paint(`${severity}[${rule.name}]`, severity)}: ${visible(finding.message)}`,
    ...(finding.reason === undefined ? [] : [`cause: ${visible(finding.reason)}`]),
    ...(finding.hint === undefined ? [] : [`fix: ${visible(finding.hint)}`]),
    ...(rule.url === '' ? [] : [`see: ${rule.url}`]),
    '',
  ].join('\n');
}

/**
 * A Dockerfile of somebody else must not steer the terminal: control characters and those that
 * turn the direction of text are shown as one replacement character, so that columns stay.
 */
function visible(text: string): string {
  return text.replace(/\r(?!\n)|(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

function summary(all: readonly Reported[]): string {
  if (all.length === 0) return 'No findings.';
  const counts = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const count = all.filter((reported) => severityOf(reported) === severity).length;
    return count === 0 ? [] : [plural(count, severity === 'info' ? 'note' : severity)];
  });
  const fixable = all.filter(({ finding }) => finding.fix !== undefined).length;
  const offer = fixable === 0 ? '' : ` (${fixable} can be fixed by --fix)`;
  return `${counts.join(', ')}${offer}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
