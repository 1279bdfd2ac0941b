/** Users and their bcrypt hashes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatHtpasswd,
  hashPassword,
  isPasswordOf,
  parseHtpasswd,
} from '#registry/auth/htpasswd.ts';

test('a hash that is made is the password of its user only', async () => {
  const users = new Map([['ana', await hashPassword('ana', 'secret')]]);
  const parsed = parseHtpasswd(`# ours\n\n${formatHtpasswd(users)}`);
  assert.deepEqual(parsed, users);
  assert.equal(await isPasswordOf(parsed, 'ana', 'secret'), true);
  assert.equal(await isPasswordOf(parsed, 'ana', 'Secret'), false);
  assert.equal(await isPasswordOf(parsed, 'bob', 'secret'), false);
});

test('the hashes of htpasswd -B are taken, whatever letter they have', async () => {
  const made = await hashPassword('ana', 'secret');
  for (const prefix of ['$2a$', '$2b$', '$2y$']) {
    const users = parseHtpasswd(`ana:${prefix}${made.slice(4)}\n`);
    assert.equal(await isPasswordOf(users, 'ana', 'secret'), true, prefix);
  }
});

test('two long passwords that begin alike are not the same one', async () => {
  await assert.rejects(hashPassword('ana', 'x'.repeat(73)), { code: 'USAGE' });
  const users = new Map([['ana', await hashPassword('ana', 'x'.repeat(72))]]);
  assert.equal(await isPasswordOf(users, 'ana', 'x'.repeat(73)), false);
});

test('other hashes are refused with their line', () => {
  for (const line of ['ana:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'ana:$apr1$x$y', 'ana', ':x']) {
    assert.throws(() => parseHtpasswd(`# one\n${line}\n`), {
      code: 'CONFIG_INVALID',
      message: /line 2/,
    });
  }
});

test('names that would break the file, or mean others, are refused', async () => {
  for (const name of ['', 'a:b', 'a b', 'a\nb', '*', 'anonymous']) {
    await assert.rejects(hashPassword(name, 'secret'), { code: 'USAGE' }, JSON.stringify(name));
  }
});
