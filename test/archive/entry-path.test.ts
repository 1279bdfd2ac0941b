// Paths of archives in the one form that entries use.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeEntryPath, splitPath } from '#archive/entry-path.ts';
import { name } from '#test/helpers/entries.ts';

const NORMAL: readonly (readonly [string, string])[] = [
  ['a', 'a'],
  ['/a', 'a'],
  ['./a', 'a'],
  ['.', ''],
  ['./', ''],
  ['/', ''],
  ['', ''],
  ['//a//b/./c/', 'a/b/c'],
  ['.a/..b/...', '.a/..b/...'],
  ['a\\b', 'a\\b'],
  [`${'x'.repeat(255)}/y`, `${'x'.repeat(255)}/y`],
];

for (const [given, expected] of NORMAL) {
  test(`${JSON.stringify(given.slice(0, 20))} is normalised`, () => {
    assert.equal(normalizeEntryPath(given), expected);
  });
}

const REFUSED: readonly (readonly [string, string])[] = [
  ['a parent at the start', '../a'],
  ['a parent in the middle, even if it stays inside', 'a/../b'],
  ['a NUL', 'a\0b'],
  ['a name of 256 bytes', 'x'.repeat(256)],
  ['a path over 32,768 bytes', 'x/'.repeat(20_000)],
];

for (const [what, given] of REFUSED) {
  test(`${what} is refused`, () => {
    assert.throws(() => normalizeEntryPath(given), { code: 'ENTRY_REFUSED' });
  });
}

test('splitting gives parent and name', () => {
  assert.deepEqual(splitPath(name('a/b/c')), { parent: 'a/b', name: 'c' });
  assert.deepEqual(splitPath(name('a')), { parent: '', name: 'a' });
});
