/** Every rule there is: what `lint` runs, what skip lists and inline ignores may name. */
import { BUILDKIT_RULES } from './buildkit-rules.ts';
import { HADOLINT_RULES } from './hadolint-rules.ts';
import type { Rule } from './rule.ts';

export const RULES: readonly Rule[] = [...BUILDKIT_RULES, ...HADOLINT_RULES];
