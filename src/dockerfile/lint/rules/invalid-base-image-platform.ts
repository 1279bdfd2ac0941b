/** InvalidBaseImagePlatform: the base image is for another platform than the build. */
import { formatPlatform } from '#core/platform.ts';
import { evaluationOf } from '../evaluation.ts';
import { foundIn } from '../findings.ts';
import type { Rule } from '../rule.ts';

/** Silent unless the subject knows base images. */
export const invalidBaseImagePlatform: Rule = {
  name: 'InvalidBaseImagePlatform',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Base image platform does not match expected target platform',
  explanation:
    'The name of the base holds an image for another system or architecture than is built for, so ' +
    'its programs will not run. Name an image of the right platform, or ask for the one that is ' +
    'there with --platform.',
  // Docker has no page for it.
  url: '',
  *check(subject) {
    for (const { stage, image, base, wantedPlatform } of evaluationOf(subject).stages) {
      const actual = base?.platform;
      if (actual === undefined) continue;
      if (actual.os === wantedPlatform.os && actual.architecture === wantedPlatform.architecture) {
        continue;
      }
      yield foundIn(stage.from, {
        message: `Base image ${image.text} was pulled with platform "${formatPlatform(actual)}", expected "${formatPlatform(wantedPlatform)}" for current build`,
        range: stage.base.range,
        hint: `Name an image for ${formatPlatform(wantedPlatform)}.`,
      });
    }
  },
};
