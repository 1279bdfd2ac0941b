/** DL3067: COPY of a whole file system. */
import { hadolintRule } from '../hadolint-rule.ts';
import { withoutQuotes } from '../image-words.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3067 = hadolintRule({
  name: 'DL3067',
  severity: 'warning',
  description: 'Do not copy an entire filesystem from another stage',
  explanation:
    '`COPY --from=build / /` takes everything along: compilers, caches, secrets that a step left behind. ' +
    'It also hides from a scanner where it all came from. Copy what is needed, or build upon the stage ' +
    'with FROM.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'copy' || instruction.from === undefined) continue;
      const { sources, destination, from } = instruction;
      const root = sources.find(({ text }) => withoutQuotes(text) === '/');
      if (root === undefined || withoutQuotes(destination.text) !== '/') continue;
      yield {
        message: `COPY takes the whole file system of ${from.text}`,
        range: root.range,
        hint: `Copy what is needed, or start with FROM ${from.text}.`,
      };
    }
  }
}
