/** UndefinedArgInFrom: `FROM image:$TAG` without ARG TAG above it. */
import { evaluationOf } from '../evaluation.ts';
import { foundIn, placeOfVariable } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const undefinedArgInFrom: Rule = {
  name: 'UndefinedArgInFrom',
  profile: 'buildkit',
  severity: 'warning',
  description: 'FROM command must use declared ARGs',
  explanation:
    'FROM sees only the ARGs in front of the first FROM and the platform arguments. Any other name ' +
    'is empty there, whatever --build-arg or an ARG inside a stage says. Declare the name with ARG ' +
    'at the top of the file, or correct it.',
  url: 'https://docs.docker.com/go/dockerfile/rule/undefined-arg-in-from/',
  *check(subject) {
    for (const { stage, image, platform } of evaluationOf(subject).stages) {
      for (const word of platform === undefined ? [image] : [image, platform]) {
        for (const { name, suggestion } of word.unset) {
          const guess = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
          yield foundIn(stage.from, {
            message: `FROM argument '${name}' is not declared${guess}`,
            range: placeOfVariable(name, word.operand, subject),
            hint:
              suggestion === undefined
                ? `Put ARG ${name}=… in front of the first FROM.`
                : `Write $${suggestion}, or declare ${name} with ARG.`,
          });
        }
      }
    }
  },
};
