/** The ignore matcher: the shared table, the parent rule, pruning, and a slow oracle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSlipwayError } from '#core/errors.ts';
import { compileIgnore, compilePatterns, readIgnoreFile } from '#dockerfile/dockerignore.ts';
import { hasSuites, readCases, readSuite } from '#test/helpers/suites.ts';

interface IgnoreCase {
  readonly from: string;
  readonly patterns: readonly string[];
  readonly path: string;
  readonly match?: boolean;
  readonly error?: string;
}

test('matching agrees with the shared table', async (t) => {
  if (!hasSuites()) return t.skip('needs ../shared/suites');
  const cases = readCases<IgnoreCase>('dockerignore.json');
  assert.equal(cases.length, 69);
  for (const row of cases) {
    await t.test(`${row.from} ${row.patterns.join(' ')} on ${row.path}`, () => {
      if (row.error === undefined) {
        assert.equal(compilePatterns(row.patterns).ignores(row.path), row.match);
        return;
      }
      assert.throws(
        () => compilePatterns(row.patterns),
        (error) =>
          isSlipwayError(error, 'IGNORE_INVALID') && error.message.startsWith(row.error ?? ''),
      );
    });
  }
});

test('an ignore file reads as the shared row says', (t) => {
  if (!hasSuites()) return t.skip('needs ../shared/suites');
  const { ignoreFile } = readSuite<{
    readonly ignoreFile: { readonly input: string; readonly patterns: readonly string[] };
  }>('dockerignore.json');
  assert.deepEqual(readIgnoreFile(ignoreFile.input), ignoreFile.patterns);
});

const cases: readonly (readonly [what: string, text: string, path: string, ignored: boolean])[] = [
  ['a byte order mark is no part of the first pattern', '\uFEFFa', 'a', true],
  ['Windows line ends are no part of a pattern', 'a\r\nb\r\n', 'b', true],
  ['a comment is no pattern', '#a', '#a', false],
  ['an indented # is a pattern', ' #a', '#a', true],
  ['/a, ./a and a/ are a', '/a', 'a', true],
  ['./b', './b', 'b', true],
  ['a pattern without a slash is for the top only', 'a', 'b/a', false],
  ['what is below an ignored folder is ignored', 'a', 'a/b/c', true],
  ['the last match wins', 'a\n!a\na', 'a', true],
  ['a file can be taken back in', '*\n!keep', 'keep', false],
  ['a folder taken back in brings all below', '*\n!keep', 'keep/x/y', false],
  ['an ignored child of it stays out', '*\n!keep\nkeep/x', 'keep/x/y', true],
  ['.. is resolved inside the pattern', 'a/../b', 'b', true],
  ['the root itself is never ignored', '**', '.', false],
  ['a set can be negated', 'a[^b-d]', 'ae', true],
  ['a brace is no special character', '{a,b}', '{a,b}', true],
  ['a bracket may be escaped', 'a\\[b', 'a[b', true],
];

for (const [what, text, path, ignored] of cases) {
  test(what, () => assert.equal(compileIgnore(text).ignores(path), ignored));
}

test('a lone ! is refused with the fix', () => {
  assert.throws(
    () => compileIgnore('a\n!\n'),
    (error) =>
      isSlipwayError(error, 'IGNORE_INVALID') &&
      error.message === 'illegal exclusion pattern: "!"' &&
      error.hint !== undefined,
  );
});

const pruning: readonly (readonly [text: string, folder: string, may: boolean])[] = [
  ['a', 'a', false],
  ['a', 'b', true],
  ['*\n!keep', 'other', false],
  ['*\n!keep/x', 'keep', true],
  ['*\n!keep/x', 'keep/y', false],
  ['*\n!k*/x', 'keep', true],
  ['*\n!**/x', 'any/where', true],
  ['*\n!a/**/x', 'a', true],
  ['*\n!a/**/x', 'b', false],
];

for (const [text, folder, may] of pruning) {
  test(`${JSON.stringify(text)}: ${folder} ${may ? 'is walked' : 'is skipped'}`, () => {
    assert.equal(compileIgnore(text).mayContainIncluded(folder), may);
  });
}

/** Segment by segment, by recursion, without regular expressions: slow and plain. */
function oracleMatches(pattern: string, path: string): boolean {
  if (pattern === '') return path === '';
  if (pattern === '**') return true;
  if (pattern.startsWith('**/')) {
    const rest = pattern.slice(3);
    if (oracleMatches(rest, path)) return true;
    const slash = path.indexOf('/');
    return slash >= 0 && oracleMatches(pattern, path.slice(slash + 1));
  }
  const head = pattern[0];
  if (head === '*') {
    if (oracleMatches(pattern.slice(1), path)) return true;
    return path !== '' && path[0] !== '/' && oracleMatches(pattern, path.slice(1));
  }
  if (path === '' || (head === '?' ? path[0] === '/' : path[0] !== head)) return false;
  return oracleMatches(pattern.slice(1), path.slice(1));
}

function oracleIgnores(patterns: readonly string[], path: string): boolean {
  const segments = path.split('/');
  const lines = segments.map((_, index) => segments.slice(0, index + 1).join('/'));
  let ignored = false;
  for (const pattern of patterns) {
    const text = pattern.replace('!', '');
    if (lines.some((line) => oracleMatches(text, line))) ignored = !pattern.startsWith('!');
  }
  return ignored;
}

const name = fc.constantFrom('a', 'b', 'ab', 'a.b');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const globs = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '*b', '?', 'a?b', '**');
const pattern = fc
  .tuple(fc.constantFrom('', '', '!'), fc.array(globs, { minLength: 1, maxLength: 3 }))
  .map(([negation, segments]) => negation + segments.join('/'));

test('the matcher agrees with a slow oracle', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), path, (patterns, file) => {
      assert.equal(compilePatterns(patterns).ignores(file), oracleIgnores(patterns, file));
    }),
    { numRuns: 2000 },
  );
});

test('a folder that may be skipped holds nothing that is taken in', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), path, path, (patterns, folder, below) => {
      const matcher = compilePatterns(patterns);
      if (!matcher.mayContainIncluded(folder)) assert.ok(matcher.ignores(`${folder}/${below}`));
    }),
    { numRuns: 2000 },
  );
});
