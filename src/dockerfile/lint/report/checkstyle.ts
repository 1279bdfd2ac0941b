/** Checkstyle's XML, which many review tools and Jenkins plugins read. */
import { type FileReport, fullMessage, placed, severityOf } from './report.ts';
import { block, document, element } from './xml.ts';

export function reportCheckstyle(reports: readonly FileReport[]): string {
  const files = reports.map((report) => {
    const errors = placed(report).map(({ reported, place }) =>
      element('error', {
        line: place.start.line,
        column: place.start.column,
        severity: severityOf(reported),
        message: fullMessage(reported),
        source: reported.rule.name,
      }),
    );
    return element('file', { name: report.file.name }, block(errors));
  });
  return document(element('checkstyle', { version: '4.3' }, block(files)));
}
