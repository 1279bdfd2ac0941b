/** DL3046: useradd with a high number and without -l. */
import { hasOption, optionValue } from '../command-options.ts';
import { forCommands, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3046 = hadolintRule({
  name: 'DL3046',
  severity: 'warning',
  description: 'useradd without -l and with a high UID makes a very large image',
  explanation:
    'useradd notes the new user in /var/log/lastlog and /var/log/faillog, files with a fixed place for ' +
    'each number: with a high one they become gigabytes of holes, which a layer stores as zeros. ' +
    '`useradd -l` leaves them alone.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command): Finding | undefined => {
    if (command.name.text !== 'useradd' || hasOption(command, 'l', 'no-log-init')) return undefined;
    const uid = optionValue(command, 'u', 'uid');
    if (uid === undefined || !/^\d{6,}$/.test(uid)) return undefined;
    return {
      message: `useradd without -l reserves log space up to user ${uid}`,
      range: command.name.range,
      hint: 'Write useradd -l.',
    };
  });
}
