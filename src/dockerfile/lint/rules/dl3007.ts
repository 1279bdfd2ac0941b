/** DL3007: the base image has the tag latest. */
import { hadolintRule } from '../hadolint-rule.ts';
import { readImage } from '../image-words.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3007 = hadolintRule({
  name: 'DL3007',
  severity: 'warning',
  description: 'Do not build upon the tag latest',
  explanation:
    'The tag latest moves with every release, so the same Dockerfile gives another image next month, ' +
    'and nobody can tell which one it was. Name the release (`debian:13`), or pin a digest.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { base } of stages.stages) {
    const { name, tag, digest } = readImage(base.text);
    if (tag !== 'latest' || digest !== undefined) continue;
    const { end } = base.range;
    yield {
      message: `the tag latest of ${name} moves`,
      range: { start: end - tag.length, end },
      hint: 'Name a release instead of latest.',
    };
  }
}
