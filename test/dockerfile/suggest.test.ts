/** Suggestions for mistyped words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggest, suggestName } from '#dockerfile/suggest.ts';

const candidates = ['FROM', 'RUN', 'COPY', 'ENTRYPOINT'];

const cases: readonly (readonly [word: string, expected: string | undefined])[] = [
  ['RUNN', 'RUN'],
  ['FOO', 'FROM'],
  ['entrypont', 'entrypoint'],
  ['Cpoy', 'COPY'],
  ['XYZZY', undefined],
  ['run', undefined],
  ['', undefined],
];

for (const [word, expected] of cases) {
  test(`${word || 'nothing'}: ${expected ?? 'no suggestion'}`, () => {
    assert.equal(suggest(word, candidates), expected);
  });
}

test('names are compared with their case', () => {
  assert.equal(suggestName('PROT', ['port', 'PORT']), 'PORT');
  assert.equal(suggestName('foo', ['FOO', 'bar1']), undefined);
  assert.equal(suggestName('foo', ['fo', 'foo']), undefined);
});
