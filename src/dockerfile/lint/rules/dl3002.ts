/** DL3002: the last USER of a stage is root. */
import { hadolintRule } from '../hadolint-rule.ts';
import { withoutQuotes } from '../image-words.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3002 = hadolintRule({
  name: 'DL3002',
  severity: 'warning',
  description: 'Last USER should not be root',
  explanation:
    'What escapes from a process of root has far more to break. Switch to root for the steps that ' +
    'need it, and back to an ordinary user behind them: the last USER is what the container runs as.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    const last = instructions.findLast(({ kind }) => kind === 'user');
    if (last?.kind !== 'user' || !/^(?:root|0)(?::|$)/.test(withoutQuotes(last.user.text)))
      continue;
    yield {
      message: 'the last USER of the stage is root',
      range: last.user.range,
      hint: 'Add a USER behind the steps that need root.',
    };
  }
}
