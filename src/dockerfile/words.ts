/**
 * Word expansion as the Dockerfile reference defines it ("Environment replacement"): `$name`,
 * `${name}` with `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, quotes, escapes, and word
 * splitting of what an expansion brought in. It is not a shell: no commands, no arithmetic, no
 * assignment. Errors carry BuildKit's wording.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { SlipwayError } from '#core/errors.ts';
import { ShellPattern } from './shell-pattern.ts';

export interface ExpandOptions {
  readonly env: ReadonlyMap<string, string>;
  /** The file's escape character; default backslash. */
  readonly escape?: '\\' | '`';
  /** Quotes group as usual but stay in the result. */
  readonly keepQuotes?: boolean;
  /** Escape characters work as usual but stay in the result. */
  readonly keepEscapes?: boolean;
  /** Quotes are ordinary characters: the rule for heredoc bodies of COPY and ADD. */
  readonly ignoreQuotes?: boolean;
  /** A reference to a name that is not set stays as written. */
  readonly keepUnset?: boolean;
}

export interface Expansion {
  readonly text: string;
  /** The same split at unquoted white space. */
  readonly words: readonly string[];
  /** Names that were referred to and are set; the others. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

/** Expands one word; unquoted blanks stay. @throws DOCKERFILE_INVALID with BuildKit's text */
export function expandWord(text: string, options: ExpandOptions): string {
  return expand(text, options).text;
}

/** Expands and splits into words; empty words vanish. @throws DOCKERFILE_INVALID */
export function expandWords(text: string, options: ExpandOptions): readonly string[] {
  return expand(text, options).words;
}

/** Both results at once, with the names used (for lint and cache keys). @throws DOCKERFILE_INVALID */
export function expand(text: string, options: ExpandOptions): Expansion {
  const result = tryExpand(text, options);
  if (!('kind' in result)) return result;
  throw new SlipwayError('DOCKERFILE_INVALID', result.message, { hint: result.hint });
}

/** Why a word cannot be expanded. */
export interface ExpansionFailure {
  /** syntax: never; depth: beyond our limit; value: `${name:?}` of a name without a value. */
  readonly kind: 'syntax' | 'depth' | 'value';
  /** BuildKit's text. */
  readonly message: string;
  readonly hint: string;
  /** Names that were referred to so far and are not set. */
  readonly unmatched: ReadonlySet<string>;
}

/** The same with the failure as a value: for those who look at every word, not at the first bad one. */
export function tryExpand(text: string, options: ExpandOptions): Expansion | ExpansionFailure {
  const expander = new Expander(text, options);
  try {
    return expander.run();
  } catch (problem) {
    if (!(problem instanceof ExpansionProblem)) throw problem;
    const { kind, hint } = problem;
    const message = `failed to process ${JSON.stringify(text)}: ${problem.message}`;
    return { kind, message, hint, unmatched: expander.unmatched };
  }
}

/** Nesting of `${a:-${b:-…}}` beyond this is refused: it is text from outside. */
export const MAX_NESTING = 100;

/** What Go prints for "no character": BuildKit's texts hold it. */
const END = '\uFFFD';

class ExpansionProblem extends Error {
  readonly hint: string;
  readonly kind: ExpansionFailure['kind'];

  constructor(message: string, hint: string, kind: ExpansionFailure['kind'] = 'syntax') {
    super(message);
    this.hint = hint;
    this.kind = kind;
  }
}

/** Collects words while the text is read: expansions split at blanks, quoted text never. */
class WordCollector {
  readonly words: string[] = [];
  #word = '';
  #open = false;

  split(text: string): void {
    for (const character of text) {
      if (!isBlank(character)) this.raw(character);
      else this.finish();
    }
  }

  raw(text: string): void {
    this.#word += text;
    this.#open = true;
  }

  finish(): void {
    if (this.#open && this.#word !== '') {
      this.words.push(this.#word);
      this.#word = '';
      this.#open = false;
    }
  }
}

interface Part {
  readonly text: string;
  readonly words: readonly string[];
}

class Expander {
  readonly #characters: readonly string[];
  readonly #options: ExpandOptions;
  readonly #escape: string;
  readonly #matched = new Set<string>();
  readonly #unmatched = new Set<string>();
  #position = 0;
  #depth = 0;

  get unmatched(): ReadonlySet<string> {
    return this.#unmatched;
  }

  constructor(text: string, options: ExpandOptions) {
    this.#characters = [...text];
    this.#options = options;
    this.#escape = options.escape ?? '\\';
  }

  run(): Expansion {
    const part = this.#readUntil(undefined, this.#options.keepEscapes === true);
    return { ...part, matched: this.#matched, unmatched: this.#unmatched };
  }

  #peek(): string | undefined {
    return this.#characters[this.#position];
  }

  #next(): string | undefined {
    return this.#characters[this.#position++];
  }

  /** Reads up to `stop` (consumed) or, without one, to the end. */
  #readUntil(stop: string | undefined, keepEscapes: boolean): Part {
    if (++this.#depth > MAX_NESTING) {
      throw new ExpansionProblem(
        `substitutions are nested more than ${MAX_NESTING} deep`,
        'Nest fewer substitutions: give the inner ones names with ARG.',
        'depth',
      );
    }
    const collector = new WordCollector();
    let text = '';
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === stop) {
        this.#position++;
        this.#depth--;
        collector.finish();
        return { text, words: collector.words };
      }
      if (character === '$') {
        const value = this.#dollar();
        text += value;
        collector.split(value);
      } else if (this.#isQuote(character)) {
        const value = character === "'" ? this.#singleQuoted() : this.#doubleQuoted(keepEscapes);
        text += value;
        collector.raw(value);
      } else if (character === this.#escape) {
        const value = this.#escaped(keepEscapes);
        text += value;
        collector.raw(value);
      } else {
        this.#position++;
        text += character;
        collector.split(character);
      }
    }
    if (stop !== undefined) {
      throw unfinished(`unexpected end of statement while looking for matching ${stop}`);
    }
    this.#depth--;
    collector.finish();
    return { text, words: collector.words };
  }

  #isQuote(character: string): boolean {
    return this.#options.ignoreQuotes !== true && (character === "'" || character === '"');
  }

  /** An escape character and what it protects; at the very end it vanishes. */
  #escaped(keepEscapes: boolean): string {
    this.#position++;
    const kept = keepEscapes ? this.#escape : '';
    return kept + (this.#next() ?? '');
  }

  #singleQuoted(): string {
    const start = ++this.#position;
    const end = this.#characters.indexOf("'", start);
    if (end < 0) {
      throw unfinished('unexpected end of statement while looking for matching single-quote');
    }
    this.#position = end + 1;
    const content = this.#characters.slice(start, end).join('');
    return this.#options.keepQuotes ? `'${content}'` : content;
  }

  #doubleQuoted(keepEscapes: boolean): string {
    this.#position++;
    let content = '';
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === '$') {
        content += this.#dollar();
        continue;
      }
      this.#position++;
      if (character === '"') return this.#options.keepQuotes ? `"${content}"` : content;
      content += character === this.#escape ? this.#escapedInQuotes(keepEscapes) : character;
    }
    throw unfinished('unexpected end of statement while looking for matching double-quote');
  }

  /** Within double quotes only `"`, `$` and the escape itself can be escaped. */
  #escapedInQuotes(keepEscapes: boolean): string {
    const kept = keepEscapes ? this.#escape : '';
    const next = this.#peek();
    if (next === undefined) return kept;
    if (next !== '"' && next !== '$' && next !== this.#escape) return kept + this.#escape;
    this.#position++;
    return kept + next;
  }

  #dollar(): string {
    const start = this.#position;
    this.#position++;
    if (this.#peek() === '{') {
      this.#position++;
      return this.#braced(start);
    }
    const name = this.#name();
    if (name === '') return '$';
    return this.#lookUp(name) ?? (this.#options.keepUnset ? `$${name}` : '');
  }

  #braced(start: number): string {
    const first = this.#peek();
    if (first === undefined) throw missingBrace();
    if (first === '{' || first === '}' || first === ':') {
      throw new ExpansionProblem(
        'syntax error: bad substitution',
        'Name a variable between the braces: ${name}.',
      );
    }
    const name = this.#name();
    const operator = this.#next();
    if (operator === '}') {
      return this.#lookUp(name) ?? this.#keptOr(start, '');
    }
    if (operator === '/') return this.#replacement(start, name);
    if (operator === ':')
      return this.#modified({ start, name, operator: this.#next(), colon: true });
    return this.#modified({ start, name, operator, colon: false });
  }

  /** The reference as written where unset ones are kept, else `otherwise`. */
  #keptOr(start: number, otherwise: string): string {
    if (!this.#options.keepUnset) return otherwise;
    return this.#characters.slice(start, this.#position).join('');
  }

  #modified(use: {
    readonly start: number;
    readonly name: string;
    readonly operator: string | undefined;
    readonly colon: boolean;
  }): string {
    const { name, operator, colon } = use;
    const isTrim = operator === '#' || operator === '%';
    const known = isTrim ? !colon : operator === '-' || operator === '+' || operator === '?';
    if (!known) {
      // A missing brace is the more useful complaint where both are true.
      if (colon) this.#inBraces(false);
      throw unsupported(`${colon ? ':' : ''}${operator ?? END}`);
    }
    const word = this.#inBraces(isTrim);
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return this.#keptOr(use.start, '');
    const counts = value !== undefined && !(colon && value === '');
    if (operator === '-') return counts ? value : word;
    if (operator === '+') return counts ? word : '';
    if (operator === '?') {
      if (counts) return value;
      const reason =
        value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
      throw new ExpansionProblem(
        `${name}: ${word === '' ? reason : word}`,
        `Give ${name} a value with ARG, ENV or --build-arg ${name}=….`,
        'value',
      );
    }
    return trimmed({ value: value ?? '', word, operator: operator === '#' ? '#' : '%' });
  }

  #inBraces(keepEscapes: boolean): string {
    return this.#partUntil('}', keepEscapes, "syntax error: missing '}'");
  }

  #partUntil(stop: string, keepEscapes: boolean, missing: string): string {
    try {
      return this.#readUntil(stop, keepEscapes).text;
    } catch (problem) {
      if (problem instanceof ExpansionProblem && this.#peek() === undefined) {
        throw new ExpansionProblem(missing, 'Close the substitution.');
      }
      throw problem;
    }
  }

  #replacement(start: number, name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#position++;
    const pattern = this.#partUntil('/', true, "syntax error: missing '/' in ${}");
    const replacement = this.#inBraces(true);
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset) return this.#keptOr(start, '');
    return parsePattern(pattern).replace(value ?? '', replacement, all);
  }

  /** A name, a number, one special parameter, or nothing. */
  #name(): string {
    const first = this.#peek();
    if (first !== undefined && SPECIAL_PARAMETERS.has(first)) {
      this.#position++;
      return first;
    }
    const allowed = first !== undefined && DIGIT.test(first) ? DIGIT : NAME_CHARACTER;
    let name = '';
    for (let next = this.#peek(); next !== undefined && allowed.test(next); next = this.#peek()) {
      name += next;
      this.#position++;
    }
    return name;
  }

  #lookUp(name: string): string | undefined {
    const value = this.#options.env.get(name);
    (value === undefined ? this.#unmatched : this.#matched).add(name);
    return value;
  }
}

/** `0` is one too, but reads as a number anyway. */
const SPECIAL_PARAMETERS = new Set(['@', '*', '#', '?', '-', '$', '!']);
const DIGIT = /^\p{Nd}$/u;
const NAME_CHARACTER = /^[\p{L}\p{Nd}_]$/u;

function isBlank(character: string): boolean {
  return /^\s$/u.test(character);
}

function trimmed(use: { value: string; word: string; operator: '#' | '%' }): string {
  const longest = use.word.startsWith(use.operator);
  const pattern = parsePattern(longest ? use.word.slice(1) : use.word);
  return use.operator === '#'
    ? pattern.withoutPrefix(use.value, longest)
    : pattern.withoutSuffix(use.value, longest);
}

function parsePattern(text: string): ShellPattern {
  const pattern = ShellPattern.parse(text);
  if (pattern instanceof ShellPattern) return pattern;
  throw new ExpansionProblem(
    `invalid pattern (${text}) in substitution: invalid escape '${pattern.invalidEscape}'`,
    'Only \\*, \\?, \\\\, \\} and \\/ are escapes in a pattern.',
  );
}

function missingBrace(): ExpansionProblem {
  return new ExpansionProblem("syntax error: missing '}'", 'Close the substitution with }.');
}

function unsupported(modifier: string): ExpansionProblem {
  return new ExpansionProblem(
    `unsupported modifier (${modifier}) in substitution`,
    modifier.endsWith(END)
      ? 'Close the braces: ${name}.'
      : 'Use one of :- - :+ + :? ? # ## % %% / //.',
  );
}

function unfinished(message: string): ExpansionProblem {
  return new ExpansionProblem(message, 'Close the quote, or escape it.');
}
