/** LegacyKeyValueFormat: `ENV name value`, `LABEL name value`. */
import { pairWithEquals } from '../edits.ts';
import { foundAt, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const legacyKeyValueFormat: Rule = {
  name: 'LegacyKeyValueFormat',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Legacy key/value format with whitespace separator should not be used',
  explanation:
    'The old form takes all behind the name as one value, so a second name=value on the line ' +
    'becomes part of the first. Write name=value, with quotes where the value has blanks.',
  url: 'https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      const { instruction } = statement;
      if (instruction.kind !== 'env' && instruction.kind !== 'label') continue;
      const pair = instruction.pairs[0];
      if (!instruction.legacy || pair === undefined) continue;
      const name = instruction.keyword.text;
      const fix = statement.trigger === undefined ? pairWithEquals(pair, subject) : undefined;
      yield foundAt(statement, {
        message: `"${name} key=value" should be used instead of legacy "${name} key value" format`,
        range: { start: pair.key.range.start, end: pair.value.range.end },
        hint: `Write ${name} ${pair.key.text}=….`,
        ...(fix && { fix }),
      });
    }
  },
};
