/**
 * Says of each step that was run why it was not taken from the cache: the nearest earlier record, and
 * what differs from it first.
 */
import type { Digest } from '#core/digest.ts';
import { type JsonValue, ObjectReader } from '#core/json.ts';
import type { EarlierStep, StepFactsStore } from '#store/step-facts.ts';
import { type Difference, differences } from './compare-facts.ts';
import type { StepFacts } from './step-facts.ts';

export interface MissedStep {
  /** Its number in the log. */
  readonly number: number;
  readonly name: string;
  /** Which step of which stage: the same in the next build. */
  readonly place: string;
  readonly description: string;
  readonly facts: StepFacts;
  /** It was not looked up. */
  readonly isForced: boolean;
  /** The layer right below it. */
  readonly below?: Digest;
}

/** Where earlier steps are looked for: the store, and caches from elsewhere. */
export type EarlierSteps = Pick<StepFactsStore, 'earlier' | 'hasRecord'>;

export class Explainer {
  readonly #known: EarlierSteps[];
  /** Numbers of steps that were run, by their layer. */
  readonly #numbers = new Map<Digest, number>();
  readonly #lines: { readonly number: number; readonly text: string }[] = [];

  constructor(store: EarlierSteps) {
    this.#known = [store];
  }

  /** A cache's steps are earlier ones, too. */
  alsoKnows(steps: EarlierSteps): void {
    this.#known.push(steps);
  }

  /** Call it before the step's own facts are kept. */
  missed(step: MissedStep): void {
    const text = `step ${step.number} missed: ${this.#reason(step)}\n  ${step.name}`;
    this.#lines.push({ number: step.number, text });
  }

  /** What a missed step gave: whoever is built on it misses too. */
  made(number: number, layer: Digest): void {
    this.#numbers.set(layer, number);
  }

  /** In the order of the log. */
  lines(): readonly string[] {
    const { length } = this.#lines;
    const summary =
      length === 0
        ? 'no step missed the cache'
        : `${length} ${length === 1 ? 'step' : 'steps'} missed the cache`;
    const sorted = this.#lines.toSorted((a, b) => a.number - b.number);
    return [summary, ...sorted.map(({ text }) => text)];
  }

  #reason(step: MissedStep): string {
    if (step.isForced) return 'it was not to be taken from the cache (--no-cache)';
    const nearest = nearestOf(
      step.facts,
      this.#known.flatMap((known) => known.earlier(step)),
    );
    if (nearest === undefined) {
      return this.#known.some((known) => known.hasRecord(step.description))
        ? 'the earlier record does not say what it was made of: an older version wrote it'
        : 'no record of such a step';
    }
    const [first] = nearest;
    if (first === undefined) return 'its record is gone, or its layer';
    if (first.kind === 'below') return this.#belowReason(step);
    const others = nearest.filter(({ kind }) => kind === first.kind).length - 1;
    return others > 0 ? `${first.text}, and ${others} more` : first.text;
  }

  #belowReason({ below }: MissedStep): string {
    const number = below === undefined ? undefined : this.#numbers.get(below);
    return number === undefined
      ? 'it is built on another layer than before'
      : `it is built on step ${number}, which gave other files`;
  }
}

/** What differs from the one with the fewest differences; the latest of them. */
function nearestOf(
  now: StepFacts,
  earlier: readonly EarlierStep[],
): readonly Difference[] | undefined {
  let nearest: readonly Difference[] | undefined;
  for (const { facts } of earlier) {
    const found = differences(now, factsIn(facts));
    if (nearest === undefined || found.length < nearest.length) nearest = found;
  }
  return nearest;
}

function factsIn(value: JsonValue): StepFacts {
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
