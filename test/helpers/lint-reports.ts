/** Findings with awkward texts and places, for tests of report formats. */
import type { FileReport } from '#dockerfile/lint/report/report.ts';
import type { Rule } from '#dockerfile/lint/rule.ts';

const AWKWARD_RULE: Rule = {
  name: 'DL0001',
  profile: 'hadolint',
  severity: 'warning',
  description: 'A <rule> & its "quotes"',
  explanation: 'Because.',
  url: 'https://example.org/rule?a=1&b=2',
  check: () => [],
};

const PLAIN_RULE: Rule = {
  ...AWKWARD_RULE,
  name: 'Plain',
  profile: 'buildkit',
  severity: 'info',
  description: 'Plain',
};

const TEXT = ['FROM a', '', 'RUN\techo "<é&\u{1F600}>" \u001b[2J', 'CMD x', 'CMD x', ''].join('\n');

function range(part: string, from = 0): { readonly start: number; readonly end: number } {
  const start = TEXT.indexOf(part, from);
  return { start, end: start + part.length };
}

/** A file whose name, lines and messages hold what formats must escape, and one without findings. */
export const AWKWARD_REPORTS: readonly FileReport[] = [
  {
    file: { name: 'some dir/Docker,file:1%é', text: TEXT },
    reported: [
      {
        rule: PLAIN_RULE,
        severity: 'error',
        finding: { message: 'raised', range: range('CMD x', TEXT.indexOf('CMD x') + 1) },
      },
      {
        rule: AWKWARD_RULE,
        finding: {
          message: 'it\'s <"bad"> & 100%,\n\tso: \u0001',
          range: range('"<é&\u{1F600}>"'),
          hint: 'Write ]]> instead.',
          fix: [{ range: range('echo'), text: 'printf "%s"\n' }],
        },
      },
      { rule: PLAIN_RULE, finding: { message: 'again', range: range('CMD x') } },
      { rule: PLAIN_RULE, finding: { message: 'long', range: range('FROM a\n\nRUN') } },
    ],
  },
  { file: { name: 'clean', text: 'FROM b\n' }, reported: [] },
];
