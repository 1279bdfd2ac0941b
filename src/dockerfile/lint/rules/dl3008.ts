/** DL3008: apt-get install without versions. */
import { aptGetInstall } from '../apt-install.ts';
import { operandsOf } from '../command-options.ts';
import { forCommands, hadolintRule, listed } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3008 = hadolintRule({
  name: 'DL3008',
  severity: 'warning',
  description: 'Pin versions in apt-get install',
  explanation:
    'What apt-get installs without a version depends on the day of the build. Write ' +
    '`apt-get install curl=8.14.1-2`, with the version that was tested; a release (`curl/trixie`) or a ' +
    '.deb file is as good.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command): Finding | undefined => {
    const install = aptGetInstall(command);
    if (install === undefined) return undefined;
    const loose = operandsOf(command, OPTIONS_WITH_VALUE).filter(
      // A name that ends in a dash is removed, not installed.
      (word) => word !== install && !/[=/$]|\.deb$|-$/.test(word.text),
    );
    const [first] = loose;
    if (first === undefined) return undefined;
    return {
      message: `apt-get install without a version: ${listed(loose)}`,
      range: first.range,
      hint: `Pin it: ${first.text}=VERSION.`,
    };
  });
}

const OPTIONS_WITH_VALUE = ['t', 'o', 'c', 'a', 'target-release', 'default-release', 'option'];
