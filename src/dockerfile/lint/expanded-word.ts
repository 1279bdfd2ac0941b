/**
 * One word as a build would expand it, with the names that were not set and what they might have
 * been meant as. Nothing is thrown here: a word that cannot be expanded stays as written.
 */
import type { Operand } from '../ast.ts';
import { suggestName } from '../suggest.ts';
import { type ExpandOptions, type Expansion, type ExpansionFailure, tryExpand } from '../words.ts';
import type { LintSubject } from './rule.ts';

export interface ExpandedWord {
  readonly operand: Operand;
  readonly text: string;
  /** The same split at white space that an expansion brought in. */
  readonly words: readonly string[];
  readonly matched: ReadonlySet<string>;
  readonly unset: readonly UnsetName[];
  /** Why it cannot be expanded: `text` is as written then, and there are no words. */
  readonly failure?: ExpansionFailure;
}

export interface UnsetName {
  readonly name: string;
  /** A name that is set and looks much alike. */
  readonly suggestion?: string;
}

/** How many more names may be compared for suggestions: files can be made to ask for too many. */
export interface Budget {
  comparisons: number;
}

export const MAX_COMPARISONS = 100_000;

export function unsetName(
  name: string,
  known: ReadonlySet<string> | ReadonlyMap<string, string>,
  budget: Budget,
): UnsetName {
  budget.comparisons -= known.size;
  const suggestion = budget.comparisons < 0 ? undefined : suggestName(name, known.keys());
  return suggestion === undefined ? { name } : { name, suggestion };
}

export function optionsOf({ dockerfile }: LintSubject): { readonly escape: '\\' | '`' } {
  return { escape: dockerfile.directives.escape };
}

const NONE: ReadonlySet<string> = new Set();

/** `report`: what to say of a name that is not set; undefined: nothing. */
export function expandedWord(
  operand: Operand,
  options: ExpandOptions,
  report: (name: string) => UnsetName | undefined,
): ExpandedWord {
  const { text } = operand;
  const expansion = expandText(text, options);
  const unset = [...expansion.unmatched].map(report).filter((name) => name !== undefined);
  if ('kind' in expansion) {
    return { operand, text, words: [], matched: NONE, unset, failure: expansion };
  }
  const { matched, words } = expansion;
  return { operand, text: expansion.text, words, matched, unset };
}

export function expandText(text: string, options: ExpandOptions): Expansion | ExpansionFailure {
  // Most words have nothing to expand: they need no machine.
  if (/^[\w./:@%+=,-]+$/.test(text)) return { text, words: [text], matched: NONE, unmatched: NONE };
  return tryExpand(text, options);
}
