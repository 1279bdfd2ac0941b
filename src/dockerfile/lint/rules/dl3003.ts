/** DL3003: RUN changes the folder with cd. */
import { forSteps, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3003 = hadolintRule({
  name: 'DL3003',
  severity: 'warning',
  description: 'Use WORKDIR to switch to a directory',
  explanation:
    '`cd` lasts to the end of its RUN only, and hides in the middle of a line. WORKDIR says it where ' +
    'people look for it, creates the folder, and holds for the instructions that follow.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forSteps(subject, ({ name }): Finding | undefined =>
    name.text === 'cd'
      ? {
          message: 'cd in RUN does not last beyond it',
          range: name.range,
          hint: 'Put a WORKDIR in front of this RUN.',
        }
      : undefined,
  );
}
