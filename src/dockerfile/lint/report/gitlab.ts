/** GitLab's code quality report: findings in the merge request, known again by fingerprint. */
import type { Severity } from '#core/diagnostic.ts';
import { fingerprints } from './fingerprint.ts';
import { type FileFindings, fullMessage, placed, severityOf } from './report.ts';

const SEVERITIES: Readonly<Record<Severity, string>> = {
  error: 'major',
  warning: 'minor',
  info: 'info',
};

export function reportGitlab(reports: readonly FileFindings[]): string {
  const issues = reports.flatMap((report) => {
    const findings = placed(report);
    const names = fingerprints(report, findings);
    return findings.map(({ reported, place }, index) => ({
      description: fullMessage(reported),
      check_name: reported.rule.name,
      fingerprint: names[index],
      severity: SEVERITIES[severityOf(reported)],
      location: {
        path: report.file.name,
        lines: { begin: place.start.line, end: place.end.line },
      },
    }));
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
