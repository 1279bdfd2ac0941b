/**
 * .dockerignore: which paths of a context are left out, with the rules of moby/patternmatcher. The
 * last pattern that matches a path or one of its parent folders decides; `!` takes a path back in;
 * `**` is any number of folders. It is not gitignore: a pattern without a slash matches at the top
 * only. The same matcher serves `COPY --exclude`.
 *
 * Spec: docker's build context documentation, ".dockerignore files".
 */
import { SlipwayError } from '#core/errors.ts';

export interface IgnoreMatcher {
  /** The patterns as they are matched: cleaned, negated ones with their `!`. */
  readonly patterns: readonly string[];
  /** Whether a path, relative to the context's root and with `/`, is left out. */
  ignores(path: string): boolean;
  /**
   * Whether something inside a folder may be taken in. False lets a walker skip the folder as a
   * whole; true promises nothing.
   */
  mayContainIncluded(folder: string): boolean;
}

/** Reads and compiles the text of an ignore file. @throws IGNORE_INVALID */
export function compileIgnore(text: string): IgnoreMatcher {
  return compilePatterns(readIgnoreFile(text));
}

/** Compiles patterns that are already a list (`--exclude`). @throws IGNORE_INVALID */
export function compilePatterns(patterns: Iterable<string>): IgnoreMatcher {
  const compiled: Pattern[] = [];
  for (const written of patterns) {
    const trimmed = written.trim();
    if (trimmed !== '') compiled.push(compilePattern(cleanPath(trimmed)));
  }
  return new Matcher(compiled);
}

/**
 * The patterns of an ignore file: comments and blank lines dropped, paths cleaned, a leading slash
 * removed (also behind `!`), a byte order mark ignored.
 */
export function readIgnoreFile(text: string): string[] {
  const patterns: string[] = [];
  for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const negated = trimmed.startsWith('!');
    const path = negated ? trimmed.slice(1).trim() : trimmed;
    const cleaned = path === '' ? '' : cleanPath(path);
    patterns.push(
      (negated ? '!' : '') + (cleaned.length > 1 ? cleaned.replace(/^\//, '') : cleaned),
    );
  }
  return patterns;
}

interface Pattern {
  /** Cleaned, without `!`. */
  readonly text: string;
  readonly negated: boolean;
  readonly matches: (path: string) => boolean;
}

/** Parents are asked again and again by a walk: their answers are kept, up to this many folders. */
const MAX_REMEMBERED_FOLDERS = 10_000;

class Matcher implements IgnoreMatcher {
  readonly patterns: readonly string[];
  readonly #patterns: readonly Pattern[];
  readonly #folders = new Map<string, Uint8Array>();

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    this.patterns = patterns.map((pattern) => (pattern.negated ? '!' : '') + pattern.text);
  }

  ignores(path: string): boolean {
    const cleaned = cleanPath(path);
    if (cleaned === '.') return false;
    const parents = this.#parentMatches(cleaned);
    for (let index = this.#patterns.length - 1; index >= 0; index--) {
      const pattern = this.#patterns[index];
      if (pattern === undefined) continue;
      if (parents?.[index] === 1 || pattern.matches(cleaned)) return !pattern.negated;
    }
    return false;
  }

  mayContainIncluded(folder: string): boolean {
    const cleaned = cleanPath(folder);
    if (!this.ignores(cleaned)) return true;
    const segments = cleaned.split('/');
    return this.#patterns.some(
      (pattern) => pattern.negated && reachesBelow(pattern.text, segments),
    );
  }

  /** For each pattern: does it match a parent folder of the path? Undefined at the top. */
  #parentMatches(path: string): Uint8Array | undefined {
    const slash = path.lastIndexOf('/');
    return slash <= 0 ? undefined : this.#folderMatches(path.slice(0, slash));
  }

  #folderMatches(folder: string): Uint8Array {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const parents = this.#parentMatches(folder);
    const matches = Uint8Array.from(this.#patterns, (pattern, index) =>
      parents?.[index] === 1 || pattern.matches(folder) ? 1 : 0,
    );
    if (this.#folders.size >= MAX_REMEMBERED_FOLDERS) this.#folders.clear();
    this.#folders.set(folder, matches);
    return matches;
  }
}

/** Whether a negated pattern may match something below the folder with these segments. */
function reachesBelow(pattern: string, folder: readonly string[]): boolean {
  const segments = pattern.split('/');
  for (const [depth, name] of folder.entries()) {
    const segment = segments[depth];
    // The pattern ends above: it takes the folder in as a whole, a later one may have dropped it.
    if (segment === undefined || segment.includes('**')) return true;
    if (!segmentMatcher(segment)(name)) return false;
  }
  return true;
}

const segmentMatchers = new Map<string, (name: string) => boolean>();

function segmentMatcher(segment: string): (name: string) => boolean {
  let matcher = segmentMatchers.get(segment);
  if (matcher === undefined) {
    matcher = matcherOf(segment);
    if (segmentMatchers.size >= MAX_REMEMBERED_FOLDERS) segmentMatchers.clear();
    segmentMatchers.set(segment, matcher);
  }
  return matcher;
}

function compilePattern(written: string): Pattern {
  const negated = written.startsWith('!');
  const text = negated ? written.slice(1) : written;
  if (text === '') throw refused('illegal exclusion pattern: "!"', 'Put a path behind the `!`.');
  return { text, negated, matches: matcherOf(text) };
}

/** The cheapest test that a pattern allows; most are plain paths. */
function matcherOf(text: string): (path: string) => boolean {
  const source = regularExpression(text);
  if (!/[*?[\\]/.test(text)) return (path) => path === text;
  const afterGlobstar = text.slice(2);
  if (text.startsWith('**') && !/[*?[\]\\]/.test(afterGlobstar)) {
    // `**/name` is any path that ends in /name, and name itself; `**name` any that ends in name.
    return (path) =>
      path.endsWith(afterGlobstar) || (afterGlobstar[0] === '/' && path === afterGlobstar.slice(1));
  }
  const beforeGlobstar = text.slice(0, -2);
  if (text.endsWith('**') && !/[*?[\]\\]/.test(beforeGlobstar)) {
    return (path) => path.startsWith(beforeGlobstar);
  }
  const expression = new RegExp(source, 'su');
  return (path) => expression.test(path);
}

/** Translates a pattern, checking its syntax. @throws IGNORE_INVALID */
function regularExpression(pattern: string): string {
  const characters = [...pattern];
  let source = '^';
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*' && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1;
      source += at + 1 === characters.length ? '.*' : '(?:.*/)?';
    } else if (character === '*') {
      source += '[^/]*';
    } else if (character === '?') {
      source += '[^/]';
    } else if (character === '[') {
      const set = readSet(characters, at);
      source += set.source;
      at = set.end;
    } else if (character === '\\') {
      const literal = characters[++at];
      if (literal === undefined) throw badPattern(pattern);
      source += escaped(literal);
    } else {
      source += escaped(character);
    }
  }
  return `${source}$`;
}

/** `[a-z\]^]` and its negation `[^…]`, by the grammar of Go's filepath.Match. */
function readSet(characters: readonly string[], start: number): { source: string; end: number } {
  const pattern = characters.join('');
  let at = start + 1;
  const negated = characters[at] === '^';
  if (negated) at++;
  let source = negated ? '[^' : '[';
  const member = (): string => {
    let character = characters[at++];
    if (character === undefined || character === '-' || character === ']')
      throw badPattern(pattern);
    if (character === '\\') character = characters[at++];
    // The set must go on after the member: at least its closing bracket.
    if (character === undefined || at >= characters.length) throw badPattern(pattern);
    return character;
  };
  for (let count = 0; count === 0 || characters[at] !== ']'; count++) {
    const low = member();
    let high = low;
    if (characters[at] === '-') {
      at++;
      high = member();
    }
    // An inverted range is legal and matches nothing.
    if (codeOf(low) <= codeOf(high)) source += `${escapedInSet(low)}-${escapedInSet(high)}`;
  }
  return { source: `${source}]`, end: at };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function escaped(character: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function escapedInSet(character: string): string {
  return /[\^\\\]\-[/]/.test(character) ? `\\${character}` : character;
}

function badPattern(pattern: string): SlipwayError {
  return refused(
    `syntax error in pattern: ${JSON.stringify(pattern)}`,
    'Close every [ with ], and end no pattern with a backslash.',
  );
}

function refused(message: string, hint: string): SlipwayError {
  return new SlipwayError('IGNORE_INVALID', message, { hint });
}

/** Go's path.Clean: no empty or `.` segment, `..` applied where it can be, no trailing slash. */
function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const cleaned = (rooted ? '/' : '') + kept.join('/');
  return cleaned === '' ? '.' : cleaned;
}
