/** DL3018: apk add without versions. */
import { operandsOf, subcommand } from '../command-options.ts';
import { forCommands, hadolintRule, listed } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3018 = hadolintRule({
  name: 'DL3018',
  severity: 'warning',
  description: 'Pin versions in apk add',
  explanation:
    'What apk installs without a version depends on the day of the build. Write `apk add curl=8.14.1-r2`, ' +
    'or `curl~8.14` to take its corrections.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command): Finding | undefined => {
    const add = subcommand(command, 'apk', 'add');
    if (add === undefined) return undefined;
    const loose = operandsOf(command, OPTIONS_WITH_VALUE).filter(
      // `!name` is a conflict, `name@repo` another repository's.
      (word) => word !== add && !/[=~<>$@]|^!|\.apk$/.test(word.text),
    );
    const [first] = loose;
    if (first === undefined) return undefined;
    return {
      message: `apk add without a version: ${listed(loose)}`,
      range: first.range,
      hint: `Pin it: ${first.text}=VERSION.`,
    };
  });
}

const OPTIONS_WITH_VALUE = [
  ...['t', 'virtual', 'X', 'repository', 'p', 'root'],
  ...['arch', 'cache-dir', 'keys-dir', 'repositories-file'],
];
