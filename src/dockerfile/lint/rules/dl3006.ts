/** DL3006: the base image has no tag. */
import { hadolintRule } from '../hadolint-rule.ts';
import { readImage } from '../image-words.ts';
import { lineageOf } from '../lineage.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3006 = hadolintRule({
  name: 'DL3006',
  severity: 'warning',
  description: 'Always tag the version of an image explicitly',
  explanation:
    'Without a tag the image is the one called latest, which is another one tomorrow: the build stops ' +
    'being repeatable. Name the release (`debian:13`), or better pin a digest.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const stage of stages.stages) {
    const { text, range } = stage.base;
    const { name, tag, digest } = readImage(text);
    const isPinned = tag !== undefined || digest !== undefined || text === 'scratch';
    // A variable at the end may bring the tag along.
    if (isPinned || name.slice(name.lastIndexOf('/') + 1).includes('$')) continue;
    if (lineageOf(stage, stages).parent !== undefined) continue;
    yield {
      message: `the image ${text} has no tag`,
      range,
      hint: `Name a release: ${text}:VERSION.`,
    };
  }
}
