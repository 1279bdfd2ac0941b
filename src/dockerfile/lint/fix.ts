/**
 * Applies the mechanical fixes of lint findings to the text. Fixes of different findings may claim
 * the same place: then the first wins, the text is linted again, and the next has its turn, until
 * nothing changes.
 */
import type { Edit, Reported } from './rule.ts';

export interface Fixed {
  readonly text: string;
  /** Findings whose fix is in the text. */
  readonly applied: readonly Reported[];
  /** Findings whose fix would have touched a place that another one changed. */
  readonly postponed: readonly Reported[];
}

/** One pass: every fix that does not touch an earlier one, whole or not at all. */
export function applyFixes(text: string, reported: readonly Reported[]): Fixed {
  const applied: Reported[] = [];
  const postponed: Reported[] = [];
  const edits = new EditSet();
  for (const finding of inOrder(reported)) {
    const fix = finding.finding.fix ?? [];
    if (fix.length === 0) continue;
    (edits.add(fix) ? applied : postponed).push(finding);
  }
  return { text: edits.applyTo(text), applied, postponed };
}

export interface FixedFile {
  readonly text: string;
  /** How many fixes went into it, over all passes. */
  readonly count: number;
  /** What is still found in the new text. */
  readonly remaining: readonly Reported[];
}

/** Fixes may uncover others; some passes more than two findings can ask for at one place. */
const PASSES_MAX = 10;

/** Lints and fixes until nothing more can be fixed. `lint` must depend on the text only. */
export function fixAll(text: string, lint: (text: string) => readonly Reported[]): FixedFile {
  let current = text;
  let count = 0;
  let remaining = lint(current);
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const fixed = applyFixes(current, remaining);
    if (fixed.text === current) break;
    current = fixed.text;
    count += fixed.applied.length;
    remaining = lint(current);
  }
  return { text: current, count, remaining };
}

/** By place, so that the outcome does not depend on the order of rules. */
function inOrder(reported: readonly Reported[]): readonly Reported[] {
  return [...reported].sort(
    (left, right) =>
      left.finding.range.start - right.finding.range.start ||
      (left.rule.name < right.rule.name ? -1 : 1),
  );
}

/** Edits that do not touch each other, in the order of the text. */
class EditSet {
  readonly #taken: Edit[] = [];

  /** Takes all of a fix, or nothing. The very same edit twice is one: two rules say the same. */
  add(fix: readonly Edit[]): boolean {
    const fresh = fix.filter((edit) => !isSame(edit, this.#taken[this.#placeOf(edit)]));
    // What touches at all touches a neighbour, since those taken are apart from each other.
    const isFree = fresh.every((edit) => {
      const place = this.#placeOf(edit);
      return !touch(edit, this.#taken[place - 1]) && !touch(edit, this.#taken[place]);
    });
    if (isFree) for (const edit of fresh) this.#taken.splice(this.#placeOf(edit), 0, edit);
    return isFree;
  }

  applyTo(text: string): string {
    const parts: string[] = [];
    let done = 0;
    for (const { range, text: replacement } of this.#taken) {
      parts.push(text.slice(done, range.start), replacement);
      done = range.end;
    }
    return parts.join('') + text.slice(done);
  }

  /** The index of the first edit that does not start before this one. */
  #placeOf({ range }: Edit): number {
    let low = 0;
    for (let high = this.#taken.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#taken[middle]?.range.start ?? 0) < range.start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isSame(left: Edit, right: Edit | undefined): boolean {
  return (
    left.text === right?.text &&
    left.range.start === right.range.start &&
    left.range.end === right.range.end
  );
}

/** Overlap, or meet at a point: then the order of the two would matter. */
function touch(left: Edit, right: Edit | undefined): boolean {
  if (right === undefined) return false;
  return left.range.start <= right.range.end && right.range.start <= left.range.end;
}
