/** DL3009: the package lists of apt stay in the layer. */

import type { Stage, Stages } from '../../stages.ts';
import { hadolintRule } from '../hadolint-rule.ts';
import { lineageOf } from '../lineage.ts';
import type { Finding, LintSubject } from '../rule.ts';
import { mountsOver, shellSteps } from '../shell-steps.ts';
import type { ShellCommand } from '../shell-words.ts';

export const dl3009 = hadolintRule({
  name: 'DL3009',
  severity: 'info',
  description: 'Delete the apt lists (/var/lib/apt/lists) after installing something',
  explanation:
    '`apt-get update` writes some ten megabytes of package lists that nothing reads at run time. Remove ' +
    'them in the same RUN, `&& rm -rf /var/lib/apt/lists/*`, for a later one does not make the layer ' +
    'smaller; or keep them out of it with `--mount=type=cache,target=/var/lib/apt`. Stages that no image ' +
    'is made of are left alone.',
  check,
});

function* check(subject: LintSubject): Generator<Finding> {
  const shipped = shippedStages(subject.stages);
  for (const stage of shipped) {
    for (const { script, ...step } of shellSteps(stage, subject)) {
      const update = script.commands.find(isUpdate);
      if (update === undefined || script.commands.some(isCleanup)) continue;
      if (mountsOver({ script, ...step }, '/var/lib/apt')) continue;
      yield {
        message: `${update.name.text} update leaves its lists in the layer`,
        range: update.name.range,
        hint: 'End this RUN with: && rm -rf /var/lib/apt/lists/*',
      };
    }
  }
}

/** The last stage, and all that others are built upon. */
function shippedStages(stages: Stages): readonly Stage[] {
  const parents = new Set(stages.stages.map((stage) => lineageOf(stage, stages).parent));
  return stages.stages.filter((stage) => parents.has(stage) || stage === stages.stages.at(-1));
}

function isUpdate({ name, args }: ShellCommand): boolean {
  return /^(?:apt|apt-get|aptitude)$/.test(name.text) && args.some(({ text }) => text === 'update');
}

function isCleanup({ name, args }: ShellCommand): boolean {
  const has = (pattern: RegExp): boolean => args.some(({ text }) => pattern.test(text));
  if (name.text === 'apt-get') return has(/^dist-?clean$/);
  return /^(?:rm|find)$/.test(name.text) && has(/^\/var\/lib\/apt(?:\/|$)/);
}
