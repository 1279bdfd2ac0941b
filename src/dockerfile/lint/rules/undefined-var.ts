/** UndefinedVar: `$name` that neither ARG nor ENV nor the base image sets. */
import { foundAt, placeOfVariable, statementsOf } from '../findings.ts';
import type { Rule } from '../rule.ts';

export const undefinedVar: Rule = {
  name: 'UndefinedVar',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Variables should be defined before their use',
  explanation:
    'A variable that nothing has set expands to nothing, and the build goes on with a shortened ' +
    'path or an empty value. Set it with ARG or ENV above, or correct the name. Where the base ' +
    'image is not at hand, names that images are known to set are let pass.',
  url: 'https://docs.docker.com/go/dockerfile/rule/undefined-var/',
  *check(subject) {
    for (const statement of statementsOf(subject)) {
      for (const { operand, unset } of statement.words) {
        for (const { name, suggestion } of unset) {
          const guess = suggestion === undefined ? '' : ` (did you mean $${suggestion}?)`;
          yield foundAt(statement, {
            message: `Usage of undefined variable '$${name}'${guess}`,
            range: placeOfVariable(name, operand, subject),
            hint:
              suggestion === undefined
                ? `Set ${name} with ARG or ENV above.`
                : `Write $${suggestion}, or set ${name} with ARG or ENV above.`,
          });
        }
      }
    }
  },
};
