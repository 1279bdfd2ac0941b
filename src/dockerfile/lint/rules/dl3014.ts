/** DL3014: apt-get install may ask. */
import { aptGetInstall } from '../apt-install.ts';
import { countOptions, hasOption } from '../command-options.ts';
import { addOption, forCommands, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';
import type { ShellCommand } from '../shell-words.ts';

export const dl3014 = hadolintRule({
  name: 'DL3014',
  severity: 'warning',
  description: 'Use the -y switch of apt-get install',
  explanation:
    'Nobody answers questions in a build: without `-y` apt-get stops as soon as it wants to install more ' +
    'than was named. Write `apt-get install -y`.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command, step): Finding | undefined => {
    const install = aptGetInstall(command);
    if (install === undefined || answersYes(command)) return undefined;
    return {
      message: 'apt-get install without -y asks and finds nobody',
      range: install.range,
      hint: 'Write apt-get install -y.',
      fix: addOption('-y', install, step),
    };
  });
}

function answersYes(command: ShellCommand): boolean {
  return (
    hasOption(command, 'y', 'yes', 'assume-yes') ||
    countOptions(command, 'q', 'quiet') >= 2 ||
    command.args.some(({ text }) => /^-q=[2-9]$|^APT::Get::Assume-Yes=(?:true|1|yes)$/i.test(text))
  );
}
