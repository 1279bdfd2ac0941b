/** The rules of the hadolint profile, by number. A new one is added here and nowhere else. */
import type { Rule } from './rule.ts';
import { dl3000 } from './rules/dl3000.ts';
import { dl3002 } from './rules/dl3002.ts';
import { dl3003 } from './rules/dl3003.ts';
import { dl3004 } from './rules/dl3004.ts';
import { dl3006 } from './rules/dl3006.ts';
import { dl3007 } from './rules/dl3007.ts';
import { dl3008 } from './rules/dl3008.ts';
import { dl3009 } from './rules/dl3009.ts';
import { dl3011 } from './rules/dl3011.ts';
import { dl3014 } from './rules/dl3014.ts';
import { dl3015 } from './rules/dl3015.ts';
import { dl3018 } from './rules/dl3018.ts';
import { dl3019 } from './rules/dl3019.ts';
import { dl3020 } from './rules/dl3020.ts';
import { dl3022 } from './rules/dl3022.ts';
import { dl3023 } from './rules/dl3023.ts';
import { dl3025 } from './rules/dl3025.ts';
import { dl3027 } from './rules/dl3027.ts';
import { dl3042 } from './rules/dl3042.ts';
import { dl3044 } from './rules/dl3044.ts';
import { dl3045 } from './rules/dl3045.ts';
import { dl3046 } from './rules/dl3046.ts';
import { dl3047 } from './rules/dl3047.ts';
import { dl3059 } from './rules/dl3059.ts';
import { dl3066 } from './rules/dl3066.ts';
import { dl3067 } from './rules/dl3067.ts';
import { dl4001 } from './rules/dl4001.ts';
import { dl4003 } from './rules/dl4003.ts';
import { dl4006 } from './rules/dl4006.ts';

export const HADOLINT_RULES: readonly Rule[] = [
  dl3000,
  dl3002,
  dl3003,
  dl3004,
  dl3006,
  dl3007,
  dl3008,
  dl3009,
  dl3011,
  dl3014,
  dl3015,
  dl3018,
  dl3019,
  dl3020,
  dl3022,
  dl3023,
  dl3025,
  dl3027,
  dl3042,
  dl3044,
  dl3045,
  dl3046,
  dl3047,
  dl3059,
  dl3066,
  dl3067,
  dl4001,
  dl4003,
  dl4006,
];
