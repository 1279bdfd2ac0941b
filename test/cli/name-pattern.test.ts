/** Patterns of names; the table is what docker 28 shows for `images PATTERN`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namePattern } from '#cli/name-pattern.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';

const NAMES = ['app:1', 'app:12', 'team/app:1', 'localhost:5000/app:1', 'a-p:x'].map(
  parseReference,
);

const CASES: readonly (readonly [pattern: string, fitting: readonly number[]])[] = [
  ['app', [0, 1]],
  ['app:1', [0]],
  ['app:1*', [0, 1]],
  ['a*', [0, 1, 4]],
  ['a?p', [0, 1, 4]],
  ['a[p]p', [0, 1]],
  ['a[^p]p', [4]],
  ['a[a-z]p', [0, 1]],
  ['a[z-a]p', []],
  ['a[^z-a]p', [0, 1, 4]],
  ['a[\\--z]p', [0, 1, 4]],
  ['*', [0, 1, 4]],
  ['*/*', [2, 3]],
  ['**', [0, 1, 4]],
  ['*p*1*', [0, 1]],
  ['*:*1', [0]],
  ['*p*p*', [0, 1]],
  ['*p*p*p*', []],
  ['t*m/*p*', [2]],
  ['*a*/*:1', [2, 3]],
  ['*/app:1', [2, 3]],
  ['localhost:5000/app', [3]],
  ['docker.io/library/app:1', [0]],
  ['a\\-p', [4]],
  ['Upper', []],
  ['ap', []],
];

for (const [pattern, fitting] of CASES) {
  test(pattern, () => {
    const fits = namePattern(pattern);
    assert.deepEqual(
      NAMES.flatMap((name, i) => (fits(name) ? [i] : [])),
      fitting,
    );
  });
}

for (const pattern of ['[', '[a', '[]', 'a\\']) {
  test(`refused: ${pattern}`, () => {
    assert.throws(
      () => namePattern(pattern),
      (error) => isSlipwayError(error, 'USAGE') && error.message === 'syntax error in pattern',
    );
  });
}

test('many stars and a long name come to an end', () => {
  const name = parseReference('a'.repeat(200));
  assert.equal(namePattern(`${'*a'.repeat(50)}b`)(name), false);
  assert.equal(namePattern(`${'*a'.repeat(50)}*`)(name), true);
});
