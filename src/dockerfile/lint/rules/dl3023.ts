/** DL3023: COPY --from names its own stage. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3023 = hadolintRule({
  name: 'DL3023',
  severity: 'error',
  description: 'COPY --from cannot reference its own FROM alias',
  explanation:
    'A stage cannot copy from itself: it is not finished while it is being built. Copy within the stage ' +
    'with RUN cp, or from the stage that was meant.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  const earlier = new Set<string>();
  for (const { name, index, instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'copy' || instruction.from === undefined) continue;
      const from = instruction.from.text.toLowerCase();
      // An earlier stage of the same name is the one that is meant.
      if (from !== String(index) && (from !== name || earlier.has(from))) continue;
      yield {
        message: `COPY --from=${instruction.from.text} is in the very stage it names`,
        range: instruction.from.range,
        hint: 'Name another stage, or use RUN cp.',
      };
    }
    if (name !== undefined) earlier.add(name);
  }
}
