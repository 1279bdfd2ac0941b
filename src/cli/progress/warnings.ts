/** docker's summary of the lint warnings below the log of a build. Pure. */
import type { DiagnosticEvent } from '#core/events.ts';
import { positionAt } from '#core/source.ts';

/** With a blank line above, or nothing. */
export function warningsText(warnings: readonly Omit<DiagnosticEvent, 'kind'>[]): string {
  const count = warnings.length;
  if (count === 0) return '';
  const lines = warnings.map(({ diagnostic, file }) => {
    const { line } = positionAt(file, diagnostic.range.start);
    return ` - ${diagnostic.code}: ${diagnostic.message} (line ${line})\n`;
  });
  return `\n ${count} warning${count === 1 ? '' : 's'} found (use --check to expand):\n${lines.join('')}`;
}
