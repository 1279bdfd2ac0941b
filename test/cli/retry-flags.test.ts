/** `--retry` and `--retry-delay`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryIn } from '#cli/retry-flags.ts';
import { isSlipwayError } from '#core/errors.ts';

const cases = [
  [{}, undefined],
  [{ retry: '0' }, { count: 0 }],
  [
    { retry: '7', 'retry-delay': '1.5s' },
    { count: 7, delayMs: 1500 },
  ],
  [{ 'retry-delay': '2m' }, { count: 4, delayMs: 120_000 }],
] as const;

for (const [flags, wanted] of cases) {
  test(JSON.stringify(flags), () => assert.deepEqual(retryIn(flags), wanted));
}

for (const flags of [
  { retry: '-1' },
  { retry: '101' },
  { retry: 'many' },
  { 'retry-delay': '5' },
  { 'retry-delay': '-1s' },
  { 'retry-delay': '2h' },
]) {
  test(`refuses ${JSON.stringify(flags)}`, () => {
    assert.throws(
      () => retryIn(flags),
      (error) => isSlipwayError(error, 'USAGE'),
    );
  });
}
