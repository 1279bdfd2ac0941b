/** RedundantTargetPlatform: `FROM --platform=$TARGETPLATFORM`. */
import type { Operand } from '../../ast.ts';
import { evaluationOf } from '../evaluation.ts';
import { foundIn } from '../findings.ts';
import type { Edit, LintSubject, Rule } from '../rule.ts';

const NAME = 'TARGETPLATFORM';
const FLAG = '--platform=';

export const redundantTargetPlatform: Rule = {
  name: 'RedundantTargetPlatform',
  profile: 'buildkit',
  severity: 'warning',
  description:
    'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  explanation:
    'FROM takes the image of the target platform anyway. The flag is for stages that must run on ' +
    'another one, such as $BUILDPLATFORM for cross compiling. Remove it.',
  url: 'https://docs.docker.com/go/dockerfile/rule/redundant-target-platform/',
  *check(subject) {
    const { globalScope, stages } = evaluationOf(subject);
    for (const { stage, platform } of stages) {
      if (platform === undefined || platform.unset.length > 0) continue;
      const isOnly = platform.matched.size === 1 && platform.matched.has(NAME);
      if (!isOnly || platform.text !== globalScope.get(NAME)) continue;
      const fix = withoutFlag(platform.operand, subject);
      yield foundIn(stage.from, {
        message: `Setting platform to predefined ${platform.operand.text} in FROM is redundant as this is the default behavior`,
        range: platform.operand.range,
        hint: 'Remove the flag.',
        ...(fix && { fix }),
      });
    }
  },
};

/** Takes the flag away, with the blanks behind it. */
function withoutFlag({ range }: Operand, subject: LintSubject): readonly Edit[] | undefined {
  const { text } = subject.dockerfile.file;
  const start = range.start - FLAG.length;
  const blanks = /^[ \t]+/.exec(text.slice(range.end))?.[0];
  if (blanks === undefined || text.slice(start, range.start) !== FLAG) return undefined;
  return [{ range: { start, end: range.end + blanks.length }, text: '' }];
}
