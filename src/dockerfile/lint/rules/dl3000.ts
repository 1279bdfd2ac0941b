/** DL3000: WORKDIR wants an absolute path. */
import { hadolintRule } from '../hadolint-rule.ts';
import { mayBeAbsolute } from '../image-words.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3000 = hadolintRule({
  name: 'DL3000',
  severity: 'error',
  description: 'Use absolute WORKDIR',
  explanation:
    'A relative WORKDIR depends on all WORKDIRs above it and on the one of the base image, which may ' +
    'change with its next release. Write the path from the root: `WORKDIR /app`.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'workdir' || mayBeAbsolute(instruction.path.text)) continue;
      const { text, range } = instruction.path;
      yield {
        message: `WORKDIR ${text} is relative`,
        range,
        hint: 'Write the whole path, from / on.',
      };
    }
  }
}
