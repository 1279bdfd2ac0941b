/** What `config registries` prints: facts in columns, each with what says so. Pure. */
import type {
  RegistryExplanation,
  RegistryReport,
  ReportedFact,
  ReportedHost,
} from '#core/registry-report.ts';
import { formatTable } from './table.ts';

export function reportText({ files, rules, facts }: RegistryReport): string {
  return [
    formatTable(
      ['FILE', 'STATE'],
      files.map(({ path, state }) => [path, state]),
    ),
    ...(rules.length === 0
      ? []
      : [
          formatTable(
            ['NAMES', 'SAYS', 'ORIGIN'],
            rules.map(({ names, says, origin }) => [names, says, origin]),
          ),
        ]),
    ...(facts.length === 0 ? [] : [factTable(facts)]),
  ].join('\n');
}

export function explanationText({ reference, facts, hosts }: RegistryExplanation): string {
  return [`${reference}\n${factTable(facts)}`, ...hosts.map(hostText)].join('\n');
}

function hostText({ role, origin, urls, facts }: ReportedHost, at: number): string {
  const first = { name: role, value: urls[0] ?? '', origin };
  const others = urls.slice(1).map((url) => ({ name: 'or', value: url, origin }));
  return `${at + 1}.\n${factTable([first, ...others, ...facts])}`;
}

function factTable(facts: readonly ReportedFact[]): string {
  return formatTable(
    ['FACT', 'VALUE', 'ORIGIN'],
    facts.map(({ name, value, origin }) => [name, value, origin]),
  );
}
