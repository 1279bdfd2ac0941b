/** FromPlatformFlagConstDisallowed: `FROM --platform=linux/amd64`. */
import { evaluationOf } from '../evaluation.ts';
import { foundIn } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const fromPlatformFlagConstDisallowed: Rule = {
  name: 'FromPlatformFlagConstDisallowed',
  profile: 'buildkit',
  severity: 'warning',
  description: 'FROM --platform flag should not use a constant value',
  explanation:
    'A constant platform makes the image one for that platform, whatever is built for. Leave the ' +
    'flag out and choose with build --platform, or use $BUILDPLATFORM or $TARGETPLATFORM. A stage ' +
    'meant for one platform says so by its name: FROM --platform=linux/arm64 x AS build-arm64.',
  url: 'https://docs.docker.com/go/dockerfile/rule/from-platform-flag-const-disallowed/',
  *check(subject) {
    for (const { stage, platform, namedPlatform } of evaluationOf(subject).stages) {
      if (platform === undefined || platform.text === '' || /\$/.test(platform.operand.text))
        continue;
      if (namedPlatform === undefined) continue;
      const { os, architecture } = namedPlatform;
      if ([os, architecture].some((word) => stage.name?.includes(word) === true)) continue;
      yield foundIn(stage.from, {
        message: `FROM --platform flag should not use constant value ${JSON.stringify(platform.text)}`,
        range: platform.operand.range,
        hint: 'Remove the flag and choose the platform when building.',
      });
    }
  },
};
