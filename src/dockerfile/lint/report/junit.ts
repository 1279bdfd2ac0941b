/**
 * JUnit's XML, for systems that show tests only: a suite for each file, a failed test for each
 * finding, and one that passed for a file without any.
 */
import type { Reported } from '../rule.ts';
import { type FileReport, fullMessage, type Placed, placed } from './report.ts';
import { block, document, element, escaped } from './xml.ts';

export function reportJunit(reports: readonly FileReport[]): string {
  const failures = reports.reduce((sum, { reported }) => sum + reported.length, 0);
  const suites = reports.map((report) => {
    const { name } = report.file;
    const cases = placed(report).map((finding) => failedCase(name, finding));
    const passed = element('testcase', { classname: name, name: 'no findings' });
    return element(
      'testsuite',
      { name, tests: Math.max(1, cases.length), failures: cases.length },
      block(cases.length === 0 ? [passed] : cases),
    );
  });
  const tests = reports.reduce((sum, { reported }) => sum + Math.max(1, reported.length), 0);
  return document(element('testsuites', { name: 'slipway lint', tests, failures }, block(suites)));
}

function failedCase(file: string, { reported, place }: Placed<Reported>): string {
  const { rule } = reported;
  const { line, column } = place.start;
  const where = `${file}:${line}:${column}`;
  const message = fullMessage(reported);
  const more = rule.url === '' ? '' : ` (${rule.url})`;
  const failure = element('failure', { type: rule.name, message }, [
    escaped(`${where}: ${message}${more}`),
  ]);
  return element('testcase', { classname: file, name: `${rule.name} at ${line}:${column}` }, [
    failure,
  ]);
}
