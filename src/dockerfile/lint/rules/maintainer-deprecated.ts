/** MaintainerDeprecated: MAINTAINER instead of a label. */
import { authorsLabel } from '../edits.ts';
import type { Rule } from '../rule.ts';

export const maintainerDeprecated: Rule = {
  name: 'MaintainerDeprecated',
  profile: 'buildkit',
  severity: 'warning',
  description:
    'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  explanation:
    'MAINTAINER fills a field of the image config that few tools read. The image specification ' +
    'has the label org.opencontainers.image.authors for it.',
  url: 'https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/',
  *check(subject) {
    for (const instruction of subject.dockerfile.instructions) {
      if (instruction.kind !== 'maintainer') continue;
      const fix = authorsLabel(instruction, subject);
      yield {
        message: 'Maintainer instruction is deprecated in favor of using label',
        range: instruction.range,
        hint: 'Write LABEL org.opencontainers.image.authors="…".',
        ...(fix && { fix }),
      };
    }
  },
};
