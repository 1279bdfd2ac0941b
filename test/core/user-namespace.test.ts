/** The mark that the native helper leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUserNamespace } from '#core/user-namespace.ts';

test('what the helper writes is understood', () => {
  assert.deepEqual(parseUserNamespace('ranges 0 '), { ids: 'ranges', errno: 0, reason: '' });
  assert.deepEqual(parseUserNamespace('single 0 /etc/subuid has no line for the user'), {
    ids: 'single',
    errno: 0,
    reason: '/etc/subuid has no line for the user',
  });
  assert.deepEqual(parseUserNamespace('none 28 unshare CLONE_NEWUSER'), {
    ids: 'none',
    errno: 28,
    reason: 'unshare CLONE_NEWUSER',
  });
});

test('anything else is no mark', () => {
  for (const text of ['', 'ranges', 'many 0 x', 'none x y', 'none 99999 y']) {
    assert.equal(parseUserNamespace(text), undefined, text);
  }
});
