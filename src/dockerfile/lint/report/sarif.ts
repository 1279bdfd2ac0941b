/**
 * SARIF 2.1.0: rules with their explanation, results with places, fixes as replacements. GitHub
 * code scanning and most editors read it. Columns count UTF-16 units.
 */
import type { Severity } from '#core/diagnostic.ts';
import type { SourceFile } from '#core/source.ts';
import type { Reported, Rule } from '../rule.ts';
import { fingerprints } from './fingerprint.ts';
import {
  type FileReport,
  type Place,
  type Placed,
  placed,
  placeOf,
  type ReportOptions,
  severityOf,
} from './report.ts';

const LEVELS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

export function reportSarif(reports: readonly FileReport[], options: ReportOptions): string {
  const rules = rulesOf(reports);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Slipway',
            semanticVersion: options.version,
            rules: rules.map(describe),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: reports.flatMap((report) => resultsOf(report, rules)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** Each rule that found something, once; the parser's errors are rules of one name, made anew. */
function rulesOf(reports: readonly FileReport[]): readonly Rule[] {
  const byName = new Map<string, Rule>();
  for (const { rule } of reports.flatMap(({ reported }) => reported)) {
    if (!byName.has(rule.name)) byName.set(rule.name, rule);
  }
  return [...byName.values()];
}

function describe(rule: Rule) {
  return {
    id: rule.name,
    shortDescription: { text: rule.description },
    fullDescription: { text: rule.explanation },
    ...(rule.url === '' ? {} : { helpUri: rule.url }),
    defaultConfiguration: { level: LEVELS[rule.severity] },
    properties: { tags: [rule.profile] },
  };
}

function resultsOf(report: FileReport, rules: readonly Rule[]) {
  const findings = placed(report);
  const names = fingerprints(report, findings);
  const indexes = new Map(rules.map(({ name }, index) => [name, index]));
  const artifactLocation = { uri: uriOf(report.file.name) };
  return findings.map((finding, index) => {
    const { rule } = finding.reported;
    return {
      ruleId: rule.name,
      ruleIndex: indexes.get(rule.name),
      level: LEVELS[severityOf(finding.reported)],
      message: { text: finding.reported.finding.message },
      locations: [{ physicalLocation: { artifactLocation, region: regionOf(finding.place) } }],
      partialFingerprints: { 'slipway/v1': names[index] },
      ...fixesOf(finding, { artifactLocation, file: report.file }),
    };
  });
}

function fixesOf(
  { reported }: Placed<Reported>,
  where: { readonly artifactLocation: { readonly uri: string }; readonly file: SourceFile },
) {
  const { fix, hint } = reported.finding;
  if (fix === undefined) return {};
  const replacements = fix.map(({ range, text }) => ({
    deletedRegion: regionOf(placeOf(where.file, range)),
    insertedContent: { text },
  }));
  const { artifactLocation } = where;
  return {
    fixes: [
      {
        ...(hint === undefined ? {} : { description: { text: hint } }),
        artifactChanges: [{ artifactLocation, replacements }],
      },
    ],
  };
}

function regionOf({ start, end }: Place) {
  return {
    startLine: start.line,
    startColumn: start.column,
    endLine: end.line,
    endColumn: end.column,
  };
}

/** A path as a relative or file URI reference. */
function uriOf(path: string): string {
  const encoded = path.toWellFormed().split('/').map(encodeURIComponent).join('/');
  if (encoded.startsWith('/')) return `file://${encoded}`;
  return encoded;
}
