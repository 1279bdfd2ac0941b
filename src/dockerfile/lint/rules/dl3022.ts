/** DL3022: COPY --from names no stage. */
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3022 = hadolintRule({
  name: 'DL3022',
  severity: 'warning',
  description: 'COPY --from should reference a previously defined FROM alias',
  explanation:
    'A name that is no earlier stage is taken for an image of a registry, or for a named build context: ' +
    'a slip in the name downloads what a stranger uploaded. Name the stage in its FROM, or write the ' +
    'image with its tag so that the intention shows.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  const names = new Set<string>();
  for (const stage of stages.stages) {
    if (stage.name !== undefined) names.add(stage.name);
    for (const instruction of stage.instructions) {
      if (instruction.kind !== 'copy' || instruction.from === undefined) continue;
      const { text, range } = instruction.from;
      const isImage = /[:@$]/.test(text);
      const isNumber = /^\d+$/.test(text) && Number(text) < stage.index + 1;
      if (isImage || isNumber || names.has(text.toLowerCase())) continue;
      yield {
        message: text.includes('/')
          ? `the image ${text} has no tag, and is no stage`
          : `no stage above is called ${text}`,
        range,
        hint: 'Name a stage with FROM … AS, or write the image with its tag.',
      };
    }
  }
}
