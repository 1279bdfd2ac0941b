/** Go's filepath.Match, one component. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentPattern, isPattern } from '#build/glob.ts';

const cases: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*c', 'abc', true],
  ['a*', 'ab', true],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['[\\]a]', ']', true],
  ['[\\-x]', '-', true],
  ['[x\\-]', 'z', false],
  ['a.b', 'axb', false],
  ['*.txt', '.txt', true],
  ['(x)', '(x)', true],
];

for (const [pattern, name, matches] of cases) {
  test(`${pattern} ${matches ? 'matches' : 'does not match'} ${name}`, () => {
    assert.equal(componentPattern(pattern).test(name), matches);
  });
}

test('an open class is an error', () =>
  assert.throws(() => componentPattern('a[b'), /syntax error in pattern/));
test('a plain path is no pattern', () =>
  assert.deepEqual(['a/b', 'a*', 'a?', '[a]', 'a\\b'].map(isPattern), [
    false,
    true,
    true,
    true,
    true,
  ]));
