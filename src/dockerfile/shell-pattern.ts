/**
 * The glob patterns of `${name#pattern}`, `%` and `/`: `*` is any text, `?` any one character,
 * `\*`, `\?` and `\\` are literal, `\}` and `\/` only hide the character from the substitution.
 * There are no bracket expressions. Matching simulates all states at once, so no pattern is slow;
 * as in BuildKit, neither `*` nor `?` crosses a newline.
 */

type Step =
  | { readonly kind: 'any-text' | 'any-character' }
  | { readonly kind: 'literal'; readonly character: string };

export class ShellPattern {
  readonly #steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /** The pattern, or the `\x` in it that is no escape. */
  static parse(text: string): ShellPattern | { readonly invalidEscape: string } {
    const characters = [...text];
    const steps: Step[] = [];
    for (let index = 0; index < characters.length; index++) {
      const character = characters[index] ?? '';
      if (character === '*') steps.push({ kind: 'any-text' });
      else if (character === '?') steps.push({ kind: 'any-character' });
      else if (character !== '\\') steps.push({ kind: 'literal', character });
      else {
        const next = characters[index + 1] ?? '';
        if (!ESCAPABLE.has(next)) return { invalidEscape: `\\${next}` };
        steps.push({ kind: 'literal', character: next });
        index++;
      }
    }
    return new ShellPattern(steps);
  }

  /** The text without the shortest or longest prefix that matches. */
  withoutPrefix(text: string, longest: boolean): string {
    const characters = [...text];
    const ends = this.#matchEnds(characters, 0);
    const end = longest ? ends.at(-1) : ends[0];
    return end === undefined ? text : characters.slice(end).join('');
  }

  /** The text without the shortest or longest suffix that matches. */
  withoutSuffix(text: string, longest: boolean): string {
    const characters = [...text];
    const starts = Array.from({ length: characters.length + 1 }, (_, index) => index);
    if (!longest) starts.reverse();
    const start = starts.find(
      (from) => this.#matchEnds(characters, from).at(-1) === characters.length,
    );
    return start === undefined ? text : characters.slice(0, start).join('');
  }

  /** The text with the first match, or all of them, replaced; the longest match counts. */
  replace(text: string, replacement: string, all: boolean): string {
    const characters = [...text];
    let result = '';
    let copied = 0;
    let from = 0;
    while (from <= characters.length) {
      const end = this.#matchEnds(characters, from).at(-1);
      // An empty match right behind the previous match is not one of its own.
      if (end === undefined || (end === from && from === copied && from > 0)) {
        from++;
        continue;
      }
      result += characters.slice(copied, from).join('') + replacement;
      copied = end;
      if (!all) break;
      from = end === from ? from + 1 : end;
    }
    return result + characters.slice(copied).join('');
  }

  /** Every end of a match that starts at `from`, ascending. */
  #matchEnds(characters: readonly string[], from: number): number[] {
    const ends: number[] = [];
    let states = this.#closure(new Set([0]));
    for (let at = from; states.size > 0; at++) {
      if (states.has(this.#steps.length)) ends.push(at);
      const character = characters[at];
      if (character === undefined) break;
      states = this.#closure(this.#advance(states, character));
    }
    return ends;
  }

  #advance(states: ReadonlySet<number>, character: string): Set<number> {
    const next = new Set<number>();
    for (const state of states) {
      const step = this.#steps[state];
      if (step === undefined) continue;
      if (step.kind === 'literal') {
        if (step.character === character) next.add(state + 1);
      } else if (character !== '\n') {
        next.add(step.kind === 'any-text' ? state : state + 1);
      }
    }
    return next;
  }

  /** `*` also matches nothing: a state in front of it is a state behind it. */
  #closure(states: Set<number>): Set<number> {
    for (const state of states) {
      if (this.#steps[state]?.kind === 'any-text') states.add(state + 1);
    }
    return states;
  }
}

const ESCAPABLE = new Set(['*', '?', '\\', '}', '/']);
