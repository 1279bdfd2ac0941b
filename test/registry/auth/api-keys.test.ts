/** Keys for programs: what they stand for, and what the file tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatKeys,
  identityOfKey,
  looksLikeKey,
  makeKey,
  parseKeys,
} from '#registry/auth/api-keys.ts';

test('a key stands for its user, within its actions, until it ends', () => {
  const { key, text } = makeKey({ user: 'ana', actions: ['pull'], expiresAtMs: 1000 });
  const keys = parseKeys(formatKeys([key]));
  assert.deepEqual(keys, [key]);
  assert.equal(looksLikeKey(text), true);
  const identity = identityOfKey(keys, text, 999);
  assert.equal(identity?.user, 'ana');
  assert.equal(identity?.limit?.({ repository: 'a', action: 'pull' }), true);
  assert.equal(identity?.limit?.({ repository: 'a', action: 'push' }), false);
  assert.equal(identityOfKey(keys, text, 1000), undefined);
});

test('the file has no secret; another secret with the same id is none', () => {
  const { key, text } = makeKey({ user: 'ana', actions: ['pull'] });
  const other = makeKey({ user: 'ana', actions: ['pull'] });
  const secret = text.split('_').slice(2).join('_');
  assert.equal(formatKeys([key]).includes(secret), false);
  const forged = `slw_${key.id}_${other.text.slice(-43)}`;
  assert.equal(identityOfKey([key], forged, 0), undefined);
  assert.equal(identityOfKey([key], other.text, 0), undefined);
});

test('a file that cannot be is refused', () => {
  const bad = ['[]', '{"keys": [{"id": "x"}]}', 'x'];
  for (const text of bad) assert.throws(() => parseKeys(text), { code: 'JSON_INVALID' }, text);
  const entry = { id: 'x', user: 'a', sha256: '0'.repeat(64), actions: ['fly'] };
  assert.throws(() => parseKeys(JSON.stringify({ keys: [entry] })), { code: 'CONFIG_INVALID' });
});
