/** Failures below HTTP: which of them another attempt may not meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transportError } from '#remote/errors.ts';

test('a host that refuses the first call is not there; one that answered before is restarting', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const url = new URL('http://127.0.0.1:5000/v2/');
  const transient = (hasAnswered: boolean): unknown =>
    transportError(refused, { method: 'GET', url, hasAnswered }).detail.transient;
  assert.equal(transient(false), false);
  assert.equal(transient(true), true);
});
