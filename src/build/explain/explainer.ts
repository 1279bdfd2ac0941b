/**
 * Says of each step that was run why it was not taken from the cache: the nearest earlier record, and
 * what differs from it first.
 */
import type { Digest } from '#core/digest.ts';
import type { StepFactsStore } from '#store/step-facts.ts';
import { type Miss, missReason } from './miss-reason.ts';

export interface MissedStep extends Miss {
  /** Its number in the log. */
  readonly number: number;
  readonly name: string;
  /** Which step of which stage: the same in the next build. */
  readonly place: string;
  readonly description: string;
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
    // Names of files may be anything, those in caches from elsewhere too.
    const reason = this.#reason(step).replaceAll(/\p{Cc}/gu, ' ');
    const text = `step ${step.number} missed: ${reason}\n  ${step.name}`;
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
    const earlier = {
      facts: step.isForced
        ? []
        : this.#known.flatMap((known) => known.earlier(step).map(({ facts }) => facts)),
      hasRecord: () => this.#known.some((known) => known.hasRecord(step.description)),
    };
    return missReason(step, earlier, (layer) => this.#numbers.get(layer));
  }
}
