/** DL4006: a pipe without pipefail. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';
import { type ShellStep, setsPipefail, shellSteps } from '../shell-steps.ts';

export const dl4006 = hadolintRule({
  name: 'DL4006',
  severity: 'warning',
  description: 'Set the SHELL option -o pipefail before RUN with a pipe in it',
  explanation:
    'A pipe ends as its last command does: when `curl` fails in `curl … | tar x`, the RUN may succeed and ' +
    'the layer stays. Put `SHELL ["/bin/bash", "-o", "pipefail", "-c"]` above (`/bin/ash` in alpine), or ' +
    '`set -o pipefail` in front of the command. Shells that are not POSIX are left alone.',
  check,
});

function* check(subject: LintSubject): Generator<Finding> {
  for (const stage of subject.stages.stages) {
    for (const step of shellSteps(stage, subject)) {
      const [pipe] = step.script.pipes;
      if (pipe === undefined || step.pipefail || setsItself(step)) continue;
      yield {
        message: 'the failure of a command in front of a pipe goes unnoticed',
        range: pipe,
        hint: 'Set SHELL ["/bin/bash", "-o", "pipefail", "-c"] above.',
      };
    }
  }
}

function setsItself({ script }: ShellStep): boolean {
  return script.commands.some(
    ({ name, args }) => name.text === 'set' && setsPipefail(args.map(({ text }) => text)),
  );
}
