/** DL3059: RUNs that could be one. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';
import { type ShellStep, shellSteps } from '../shell-steps.ts';

export const dl3059 = hadolintRule({
  name: 'DL3059',
  severity: 'info',
  description: 'Multiple consecutive RUN instructions',
  explanation:
    'Each RUN makes a layer: what one installs, the next cannot remove. Consider joining them with `&&` ' +
    'or in a heredoc. RUNs that already hold several commands, and those with other mounts, are left ' +
    'alone: somebody has thought about them.',
  check,
});

function* check(subject: LintSubject): Generator<Finding> {
  for (const stage of subject.stages.stages) {
    const steps = new Map(shellSteps(stage, subject).map((step) => [step.instruction, step]));
    let last: ShellStep | undefined;
    for (const instruction of stage.instructions) {
      const step = instruction.kind === 'run' ? steps.get(instruction) : undefined;
      if (isSingle(step) && isSingle(last) && step?.flags === last?.flags) {
        yield {
          message: 'this RUN could be part of the one above',
          range: instruction.keyword.range,
          hint: 'Join the two with &&, or in a heredoc.',
        };
      }
      last = step;
    }
  }
}

function isSingle(step: ShellStep | undefined): boolean {
  return step?.script.commands.length === 1;
}
