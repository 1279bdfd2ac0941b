/**
 * What a step was made of, small enough to be kept beside its cache record and rich enough to say
 * later why another one missed. Values of variables are kept as digests only.
 */
import { createHash } from 'node:crypto';
import { chainIdOf } from '#core/chain-id.ts';
import type { JsonValue } from '#core/json.ts';
import type { StageState } from '../state.ts';

export interface StepFacts {
  /** What was asked for, variables and files apart: by the name of the setting. */
  readonly settings: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  /** By path: kind, mode, owner and what of the content counts, with blanks between. */
  readonly files: Readonly<Record<string, string>>;
  /** The base image's ID, or `scratch`. */
  readonly base: string;
  /** The layers below; absent where they do not count. */
  readonly below?: string;
}

/** Longer texts are kept as their digest. */
const TEXT_MAX = 400;

export function stepFacts(
  state: StageState,
  step: {
    readonly operation: Readonly<Record<string, JsonValue>>;
    readonly files: ReadonlyMap<string, string>;
    readonly isDetached?: boolean;
  },
): StepFacts {
  const { env = [], ...settings } = step.operation;
  const below = step.isDetached ? undefined : chainIdOf(state.layers.map(({ diffId }) => diffId));
  return {
    settings: mapped(settings, (value) => settingText(value)),
    variables: Object.fromEntries(variablesIn(env)),
    files: Object.fromEntries(step.files),
    base: step.isDetached ? '' : (state.base ?? 'scratch'),
    ...(below === undefined ? {} : { below }),
  };
}

function mapped(
  record: Readonly<Record<string, JsonValue>>,
  text: (value: JsonValue) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, text(value)]));
}

function settingText(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > TEXT_MAX ? shortDigest(text) : text;
}

function variablesIn(env: JsonValue): readonly (readonly [string, string])[] {
  const pairs: readonly JsonValue[] = Array.isArray(env) ? env : [];
  return pairs.flatMap((pair) => {
    if (!Array.isArray(pair)) return [];
    const [name, value] = pair;
    return typeof name === 'string' ? [[name, shortDigest(String(value))] as const] : [];
  });
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
