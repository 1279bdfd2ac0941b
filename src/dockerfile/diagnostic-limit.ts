/**
 * A file that is no Dockerfile has something wrong on every line: the first problems are kept, and
 * one more says how many there were. Errors and warnings are counted apart, so that no number of
 * warnings hides that a file is refused.
 */
import type { Diagnostic, Severity } from '#core/diagnostic.ts';

/** So many of each severity are kept. */
export const MAX_DIAGNOSTICS = 1000;

/** `found`: in the order of the file. */
export function limitDiagnostics(found: readonly Diagnostic[]): readonly Diagnostic[] {
  if (found.length <= MAX_DIAGNOSTICS) return found;
  const kept: Diagnostic[] = [];
  const counts = new Map<Severity, number>();
  const seen = new Map<Severity, number>();
  for (const diagnostic of found) {
    const { severity } = diagnostic;
    const number = (seen.get(severity) ?? 0) + 1;
    seen.set(severity, number);
    if (number <= MAX_DIAGNOSTICS) kept.push(diagnostic);
    else counts.set(severity, (counts.get(severity) ?? 0) + 1);
  }
  const last = found.at(-1)?.range.end ?? 0;
  for (const [severity, count] of counts) {
    kept.push(moreOf(severity, count, last));
  }
  return kept;
}

function moreOf(severity: Severity, count: number, at: number): Diagnostic {
  return {
    code: 'TooManyProblems',
    severity,
    message: `${count} more of severity ${severity} are not shown`,
    range: { start: at, end: at },
    hint: 'Correct those above first, or check that the file is a Dockerfile.',
  };
}
