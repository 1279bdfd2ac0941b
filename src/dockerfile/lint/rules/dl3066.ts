/** DL3066: USER is a name. */
import { hadolintRule } from '../hadolint-rule.ts';
import { withoutQuotes } from '../image-words.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3066 = hadolintRule({
  name: 'DL3066',
  severity: 'info',
  description: 'A user that is not a number may not be resolvable by the host',
  explanation:
    'Names of users are known inside the image only. An orchestrator that has to be sure that a container ' +
    'does not run as root (`runAsNonRoot` of Kubernetes) can tell it from a number alone: `USER 10001`.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'user') continue;
      const [user = ''] = withoutQuotes(instruction.user.text).split(':', 1);
      // What a variable brings is not known here.
      if (/^\d+$/.test(user) || user.includes('$')) continue;
      yield {
        message: `USER ${user} is a name, which only the image can resolve`,
        range: instruction.user.range,
        hint: 'Write the number of the user.',
      };
    }
  }
}
