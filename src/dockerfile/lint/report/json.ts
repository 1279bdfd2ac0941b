/**
 * For programs: an array with an object for each finding. The names that hadolint's JSON has too
 * (file, line, column, code, level, message) mean the same.
 */
import { type FileReport, type Place, placed, placeOf, severityOf } from './report.ts';

export function reportJson(reports: readonly FileReport[]): string {
  const findings = reports.flatMap((report) => {
    return placed(report).map(({ reported, place }) => {
      const { rule, finding } = reported;
      return {
        file: report.file.name,
        ...flat(place),
        code: rule.name,
        level: severityOf(reported),
        message: finding.message,
        ...(finding.hint === undefined ? {} : { hint: finding.hint }),
        ...(rule.url === '' ? {} : { url: rule.url }),
        ...(finding.fix && {
          fix: finding.fix.map(({ range, text }) => ({
            ...flat(placeOf(report.file, range)),
            text,
          })),
        }),
      };
    });
  });
  return `${JSON.stringify(findings, null, 2)}\n`;
}

function flat({ start, end }: Place) {
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}
