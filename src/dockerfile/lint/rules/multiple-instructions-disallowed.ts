/** MultipleInstructionsDisallowed: a CMD, ENTRYPOINT or HEALTHCHECK that a later one replaces. */
import type { Instruction } from '../../ast.ts';
import type { Statement } from '../evaluation.ts';
import { foundAt, neededStages } from '../findings.ts';
import type { Rule } from '../rule.ts';

const ONCE: ReadonlySet<Instruction['kind']> = new Set(['cmd', 'entrypoint', 'healthcheck']);

export const multipleInstructionsDisallowed: Rule = {
  name: 'MultipleInstructionsDisallowed',
  profile: 'buildkit',
  severity: 'warning',
  description: 'Multiple instructions of the same type should not be used in the same stage',
  explanation:
    'CMD, ENTRYPOINT and HEALTHCHECK each set one thing, so only the last of a stage counts. The ' +
    'ones above it do nothing but mislead: remove them.',
  url: 'https://docs.docker.com/go/dockerfile/rule/multiple-instructions-disallowed/',
  *check(subject) {
    for (const { statements } of neededStages(subject)) {
      const earlier = new Map<Instruction['kind'], Statement>();
      for (const statement of statements) {
        const { kind, keyword } = statement.instruction;
        if (!ONCE.has(kind)) continue;
        const previous = earlier.get(kind);
        if (previous !== undefined) {
          yield foundAt(previous, {
            message: `Multiple ${keyword.text} instructions should not be used in the same stage because only the last one will be used`,
            range: previous.instruction.range,
            hint: 'Remove this one: a later one replaces it.',
          });
        }
        earlier.set(kind, statement);
      }
    }
  },
};
