/**
 * What the engine itself has to say, in the shape of rules: they have a name and a page like any
 * other, but no check of their own and no place in the list.
 */
import type { Rule } from './rule.ts';

export const UNKNOWN_RULE: Rule = {
  name: 'UnknownRule',
  profile: 'buildkit',
  severity: 'info',
  description: 'A skip or experimental list names a rule that does not exist',
  explanation:
    'Docker ignores such a name in silence, so a mistyped rule is not skipped and nobody knows why.',
  url: '',
  check: () => [],
};

export const CHECK_OPTIONS_INVALID: Rule = {
  name: 'CheckOptionsInvalid',
  profile: 'buildkit',
  severity: 'error',
  description: 'The check directive cannot be understood',
  explanation:
    'The options of a check are skip, error and experimental, with semicolons between them. A ' +
    'build refuses anything else.',
  url: '',
  check: () => [],
};

export const CHECK_OPTIONS_CUT: Rule = {
  name: 'CheckOptionsCut',
  profile: 'buildkit',
  severity: 'info',
  description: 'The options of the check directive have a blank in them',
  explanation: 'Docker reads the directive up to the first blank and ignores the rest in silence.',
  url: '',
  check: () => [],
};
