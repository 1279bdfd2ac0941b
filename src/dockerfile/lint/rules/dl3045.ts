/** DL3045: COPY to a relative path without WORKDIR. */
import { hadolintRule } from '../hadolint-rule.ts';
import { mayBeAbsolute } from '../image-words.ts';
import { lineageOf } from '../lineage.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3045 = hadolintRule({
  name: 'DL3045',
  severity: 'warning',
  description: 'COPY to a relative destination without WORKDIR set',
  explanation:
    'Where a relative destination leads depends on the WORKDIR of the base image, which this file does ' +
    'not say and the next release may change. Set WORKDIR above, or write the whole path.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const stage of stages.stages) {
    const { parent } = lineageOf(stage, stages);
    let hasWorkdir = parent !== undefined && lineageOf(parent, stages).kinds.has('workdir');
    for (const instruction of stage.instructions) {
      hasWorkdir ||= instruction.kind === 'workdir';
      if (hasWorkdir || instruction.kind !== 'copy') continue;
      const { text, range } = instruction.destination;
      if (mayBeAbsolute(text)) continue;
      yield {
        message: `COPY to ${text}, but no WORKDIR is set`,
        range,
        hint: 'Set WORKDIR above, or write the path from / on.',
      };
    }
  }
}
