/** DL3015: apt-get install with recommended packages. */
import { aptGetInstall } from '../apt-install.ts';
import { hasOption } from '../command-options.ts';
import { addOption, forCommands, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3015 = hadolintRule({
  name: 'DL3015',
  severity: 'info',
  description: 'Avoid additional packages by specifying --no-install-recommends',
  explanation:
    'apt-get also installs what a package merely recommends: documentation, desktop parts, drivers. ' +
    '`--no-install-recommends` leaves these out and makes images smaller; what is truly needed is ' +
    'named.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command, step): Finding | undefined => {
    const install = aptGetInstall(command);
    if (install === undefined || hasOption(command, 'no-install-recommends')) return undefined;
    const isSet = ({ text }: { readonly text: string }): boolean =>
      /APT::Install-Recommends=(?:false|0|no)$/i.test(text);
    if (command.args.some(isSet)) return undefined;
    return {
      message: 'apt-get install brings recommended packages along',
      range: install.range,
      hint: 'Write apt-get install --no-install-recommends.',
      fix: addOption('--no-install-recommends', install, step),
    };
  });
}
