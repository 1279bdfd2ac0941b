/** Sizes and switches of `RUN --mount`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalKey, isTrue, parseMemory } from '#dockerfile/mount-values.ts';

const sizes: readonly (readonly [text: string, bytes: number | undefined])[] = [
  ['0', 0],
  ['17', 17],
  ['17b', 17],
  ['10m', 10 * 1024 ** 2],
  ['10MB', 10 * 1024 ** 2],
  ['1.5 GiB', 1.5 * 1024 ** 3],
  ['.5k', 512],
  ['2t', 2 * 1024 ** 4],
  ['1p', 1024 ** 5],
  ['', undefined],
  ['m', undefined],
  ['-1', undefined],
  ['1x', undefined],
  ['1bb', undefined],
  ['1.2.3', undefined],
];

for (const [text, bytes] of sizes) {
  test(`size ${JSON.stringify(text)} is ${bytes}`, () => assert.equal(parseMemory(text), bytes));
}

test('other names of keys', () => {
  assert.deepEqual(['src', 'dst', 'destination', 'ro', 'rw', 'type', 'typ'].map(canonicalKey), [
    'source',
    'target',
    'target',
    'readonly',
    'readwrite',
    'type',
    undefined,
  ]);
});

test('switches are read as Go does', () => {
  assert.deepEqual(['1', 't', 'True', 'TRUE', 'tRUE', '0', 'yes', ''].map(isTrue), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
