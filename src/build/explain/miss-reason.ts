/** Why a step was not taken from the cache, in one line: what differs from the nearest earlier record. */
import type { Digest } from '#core/digest.ts';
import { type JsonValue, ObjectReader } from '#core/json.ts';
import { type Difference, differences } from './compare-facts.ts';
import type { StepFacts } from './step-facts.ts';

export interface Miss {
  readonly facts: StepFacts;
  /** It was not looked up. */
  readonly isForced: boolean;
  /** The layer right below it. */
  readonly below?: Digest;
}

/** What was there before the step ran. */
export interface EarlierRecords {
  /** Facts of steps in the same place or with the same text, the one used last first. */
  readonly facts: readonly JsonValue[];
  /** Whether there was a record with the same text, with facts or without. */
  readonly hasRecord: () => boolean;
}

/** `numberOf`: of the step of this build that made a layer anew. */
export function missReason(
  miss: Miss,
  earlier: EarlierRecords,
  numberOf: (layer: Digest) => number | undefined,
): string {
  if (miss.isForced) return 'it was not to be taken from the cache (--no-cache)';
  const nearest = nearestOf(miss.facts, earlier.facts);
  if (nearest === undefined) {
    return earlier.hasRecord()
      ? 'the earlier record does not say what it was made of: it came with a cache, or from an older version'
      : 'no record of such a step';
  }
  const [first] = nearest;
  if (first === undefined) return 'its record is gone, or its layer';
  if (first.kind === 'below') return belowReason(miss, numberOf);
  const others = nearest.filter(({ kind }) => kind === first.kind).length - 1;
  return others > 0 ? `${first.text}, and ${others} more` : first.text;
}

function belowReason({ below }: Miss, numberOf: (layer: Digest) => number | undefined): string {
  const number = below === undefined ? undefined : numberOf(below);
  return number === undefined
    ? 'it is built on another layer than before'
    : `it is built on step ${number}, which gave other files`;
}

/** What differs from the one with the fewest differences; the latest of them. */
function nearestOf(
  now: StepFacts,
  earlier: readonly JsonValue[],
): readonly Difference[] | undefined {
  let nearest: readonly Difference[] | undefined;
  for (const facts of earlier) {
    const found = differences(now, factsIn(facts));
    if (nearest === undefined || found.length < nearest.length) nearest = found;
  }
  return nearest;
}

/** Facts as they were kept. @throws JSON_INVALID */
export function factsIn(value: JsonValue): StepFacts {
  const reader = new ObjectReader(value, 'facts of a step');
  const below = reader.optionalString('below');
  return {
    settings: reader.optionalStringMap('settings') ?? {},
    variables: reader.optionalStringMap('variables') ?? {},
    files: reader.optionalStringMap('files') ?? {},
    base: reader.optionalString('base') ?? '',
    ...(below === undefined ? {} : { below }),
  };
}
