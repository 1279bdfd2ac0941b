/** Suggestions for mistyped words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggest } from '#dockerfile/suggest.ts';

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
