/** ReservedStageName: a stage called `scratch` or `context`. */
import { foundIn } from '../findings.ts';
import type { Rule } from '../rule.ts';

const RESERVED: ReadonlySet<string> = new Set(['context', 'scratch']);

export const reservedStageName: Rule = {
  name: 'ReservedStageName',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Reserved words should not be used as stage names',
  explanation:
    'FROM scratch is the empty image, and context is the build context: both words have a meaning ' +
    'of their own wherever a stage may be named. Choose another name.',
  url: 'https://docs.docker.com/go/dockerfile/rule/reserved-stage-name/',
  *check({ stages: { stages } }) {
    for (const { name, from } of stages) {
      if (name === undefined || from.name === undefined || !RESERVED.has(name)) continue;
      yield foundIn(from, {
        message: `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`,
        range: from.name.range,
        hint: 'Choose another name.',
      });
    }
  },
};
