/** Go's durations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '#dockerfile/duration.ts';

const cases: readonly (readonly [text: string, nanoseconds: number])[] = [
  ['0', 0],
  ['-0', 0],
  ['30s', 30e9],
  ['1m30s', 90e9],
  ['1.5h', 5400e9],
  ['.5ms', 500_000],
  ['-2µs', -2000],
  ['+1ns', 1],
];

for (const [text, nanoseconds] of cases) {
  test(`${text} is ${nanoseconds} ns`, () =>
    assert.deepEqual(parseDuration(text), { nanoseconds }));
}

const refused: readonly (readonly [text: string, error: string])[] = [
  ['', 'time: invalid duration ""'],
  ['abc', 'time: invalid duration "abc"'],
  ['1', 'time: missing unit in duration "1"'],
  ['1x', 'time: unknown unit "x" in duration "1x"'],
  ['1s 2s', 'time: unknown unit "s " in duration "1s 2s"'],
  ['9999999999h', 'time: invalid duration "9999999999h"'],
];

for (const [text, error] of refused) {
  test(`${JSON.stringify(text)} is refused`, () =>
    assert.deepEqual(parseDuration(text), { error }));
}
