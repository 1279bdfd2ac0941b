/** DL3019: apk add leaves its index in the layer. */
import { hasOption, subcommand } from '../command-options.ts';
import { forCommands, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';
import { mountsOver } from '../shell-steps.ts';

export const dl3019 = hadolintRule({
  name: 'DL3019',
  severity: 'info',
  description: 'Use the --no-cache switch of apk add',
  explanation:
    '`apk add --no-cache` fetches a fresh index and keeps it out of the layer: neither `apk update` ' +
    'before nor `rm /var/cache/apk/*` behind is needed. A cache mount at /var/cache/apk does as well.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command, step): Finding | undefined => {
    const add = subcommand(command, 'apk', 'add');
    if (add === undefined || hasOption(command, 'no-cache')) return undefined;
    if (mountsOver(step, '/var/cache/apk') || mountsOver(step, '/etc/apk/cache')) return undefined;
    return {
      message: 'apk add without --no-cache leaves its index in the layer',
      range: add.range,
      hint: 'Write apk add --no-cache.',
    };
  });
}
