/**
 * Workflow commands of GitHub: a line for each finding, which the runner turns into an annotation
 * of the pull request.
 */
import type { Severity } from '#core/diagnostic.ts';
import { type FileFindings, fullMessage, type Place, placed, severityOf } from './report.ts';

const COMMANDS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
};

export function reportGithub(reports: readonly FileFindings[]): string {
  return reports
    .flatMap((report) =>
      placed(report).map(({ reported, place }) => {
        const properties = { file: report.file.name, ...lines(place), title: reported.rule.name };
        return githubCommand(severityOf(reported), properties, fullMessage(reported));
      }),
    )
    .join('');
}

/** One command with its newline. */
export function githubCommand(
  severity: Severity,
  properties: Readonly<Record<string, string | number>>,
  message: string,
): string {
  const list = Object.entries(properties)
    .map(([name, value]) => `${name}=${property(String(value))}`)
    .join(',');
  return `::${COMMANDS[severity]}${list === '' ? '' : ` ${list}`}::${data(message)}\n`;
}

/** Columns are taken within one line only. */
function lines({ start, end }: Place): Readonly<Record<string, number>> {
  const range = { line: start.line, endLine: end.line };
  return start.line === end.line ? { ...range, col: start.column, endColumn: end.column } : range;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
