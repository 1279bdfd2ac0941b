/** DL4001: both wget and curl. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';
import { shellSteps } from '../shell-steps.ts';
import type { ShellCommand } from '../shell-words.ts';

export const dl4001 = hadolintRule({
  name: 'DL4001',
  severity: 'warning',
  description: 'Either use wget or curl but not both',
  explanation:
    'Both do the same here: installing two makes the image larger and the file harder to read. Keep to ' +
    'one of them within a stage.',
  check,
});

function* check(subject: LintSubject): Generator<Finding> {
  for (const stage of subject.stages.stages) {
    const uses = shellSteps(stage, subject)
      .flatMap(({ script }) => script.commands)
      .filter(isDownload);
    const first = uses[0];
    const other = uses.find(({ name }) => name.text !== first?.name.text);
    if (first === undefined || other === undefined) continue;
    yield {
      message: `${other.name.text}, where the stage also uses ${first.name.text}`,
      range: other.name.range,
      hint: `Use ${first.name.text} here too.`,
    };
  }
}

function isDownload({ name }: ShellCommand): boolean {
  return name.text === 'curl' || name.text === 'wget';
}
