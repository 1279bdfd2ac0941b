/** DL3047: wget with its progress bar. */
import { hasOption } from '../command-options.ts';
import { forCommands, hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3047 = hadolintRule({
  name: 'DL3047',
  severity: 'info',
  description: 'Avoid use of wget without progress bar',
  explanation:
    'Without a terminal wget prints a line for every 50 kilobytes, thousands for a large file. Write ' +
    '`wget --progress=dot:giga`, or `-q` or `-nv` for silence.',
  check,
});

function check(subject: LintSubject): Iterable<Finding> {
  return forCommands(subject, (command): Finding | undefined => {
    if (command.name.text !== 'wget' || hasOption(command, ...QUIET)) return undefined;
    if (command.args.some(({ text }) => /^-[a-zA-Z]*nv/.test(text))) return undefined;
    return {
      message: 'wget floods the log with its progress',
      range: command.name.range,
      hint: 'Write wget --progress=dot:giga, or wget -nv.',
    };
  });
}

/** What makes wget quiet, or write its log elsewhere. */
const QUIET = ['progress', 'q', 'quiet', 'no-verbose', 'o', 'output-file', 'a', 'append-output'];
