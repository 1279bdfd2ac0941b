/** DL3027: RUN uses apt instead of apt-get. */
import { forSteps, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3027 = hadolintRule({
  name: 'DL3027',
  severity: 'warning',
  description: 'Do not use apt as it is meant to be an end-user tool',
  explanation:
    'apt is made for people at a terminal: its output and options may change, and it says so when it is ' +
    'piped. apt-get and apt-cache do the same and stay as they are.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forSteps(subject, ({ name }): Finding | undefined =>
    name.text === 'apt'
      ? {
          message: 'apt is for terminals, not for scripts',
          range: name.range,
          hint: 'Use apt-get, or apt-cache.',
        }
      : undefined,
  );
}
