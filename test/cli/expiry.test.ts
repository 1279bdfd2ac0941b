/** When a key ends: ages and times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExpiry } from '#cli/expiry.ts';

test('an age counts from now, a time is a time', () => {
  assert.equal(parseExpiry('1h', 1000), 3_601_000);
  assert.equal(parseExpiry('2027-01-02T03:04:05Z', 0), Date.UTC(2027, 0, 2, 3, 4, 5));
  assert.throws(() => parseExpiry('soon', 0), { code: 'USAGE' });
});
