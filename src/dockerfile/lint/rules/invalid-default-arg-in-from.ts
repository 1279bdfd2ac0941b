/** InvalidDefaultArgInFrom: without --build-arg the base has no valid name. */
import { isSlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';
import { evaluationOf } from '../evaluation.ts';
import { foundIn } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const invalidDefaultArgInFrom: Rule = {
  name: 'InvalidDefaultArgInFrom',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Default value for global ARG results in an empty or invalid base image name',
  explanation:
    'A Dockerfile should build without any --build-arg. Give each ARG that FROM uses a default ' +
    'that makes a valid image name.',
  url: 'https://docs.docker.com/go/dockerfile/rule/invalid-default-arg-in-from/',
  *check(subject) {
    const { stages, hasSoundDefaults } = evaluationOf(subject);
    if (!hasSoundDefaults) return;
    for (const { stage, defaultImage } of stages) {
      // Docker says nothing more once a name cannot be expanded.
      if (defaultImage === undefined) return;
      // Without a variable the name itself is wrong: that is an error, and no ARG's fault.
      if (!stage.base.text.includes('$') || isReference(defaultImage)) continue;
      yield foundIn(stage.from, {
        message: `Default value for ARG ${stage.base.text} results in empty or invalid base image name`,
        range: stage.base.range,
        hint: 'Give its ARGs defaults that make a valid image name.',
      });
    }
  },
};

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return false;
  }
}
