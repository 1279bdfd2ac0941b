/** DL3004: RUN uses sudo. */
import { forSteps, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3004 = hadolintRule({
  name: 'DL3004',
  severity: 'error',
  description: 'Do not use sudo',
  explanation:
    'A build runs as root unless USER says otherwise, so sudo is needless there; it comes with a ' +
    'terminal and signal handling of its own, which surprises. Change the user with USER, or with a ' +
    'small tool like gosu in an entrypoint.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forSteps(subject, ({ name, wrappers }): Finding | undefined => {
    const sudo = [...wrappers, name].find(({ text }) => text === 'sudo');
    if (sudo === undefined) return undefined;
    return {
      message: 'sudo has no place in a build',
      range: sudo.range,
      hint: 'Use USER to change the user; a build starts as root.',
    };
  });
}
