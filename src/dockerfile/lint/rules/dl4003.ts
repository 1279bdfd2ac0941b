/** DL4003: several CMDs in a stage. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl4003 = hadolintRule({
  name: 'DL4003',
  severity: 'warning',
  description: 'Multiple CMD instructions found',
  explanation:
    'Only the last CMD of a stage counts; the others look as if they did something. Remove them.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    for (const command of instructions.filter(({ kind }) => kind === 'cmd').slice(1)) {
      yield {
        message: 'a second CMD: only the last one of a stage counts',
        range: command.keyword.range,
        hint: 'Remove all but the last CMD.',
      };
    }
  }
}
