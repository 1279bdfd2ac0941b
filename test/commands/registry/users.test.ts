/** `registry user` and `registry key`, on the files that a server reads. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { slipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('users are added, listed, changed and removed', async () => {
  using folder = tempFolder();
  const root = folder.at('store');
  const user = (...argv: string[]) => slipway(['registry', 'user', ...argv], { root });
  const made = await user('add', 'ana');
  assert.equal(made.exitCode, 0, made.stderr);
  assert.match(made.stdout, /^[\w-]{22}\n$/);
  assert.equal(made.stderr, 'Added ana\n');
  const given = await slipway(['registry', 'user', 'add', 'bob', '--password-stdin'], {
    root,
    input: 'secret\n',
  });
  assert.deepEqual(given, { exitCode: 0, stdout: '', stderr: 'Added bob\n' });
  assert.equal((await user('ls')).stdout, 'ana\nbob\n');
  assert.equal((await user('add', 'ana')).stderr, 'Changed the password of ana\n');
  assert.equal((await user('rm', 'ana')).stdout, 'ana\n');
  assert.equal((await user('ls')).stdout, 'bob\n');
  assert.equal(statSync(folder.at('store/registry/users')).mode & 0o777, 0o600);
  const unknown = await user('rm', 'carl');
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.stderr, /no such user: carl/);
});

test('keys are made, listed without their secret, and removed', async () => {
  using folder = tempFolder();
  const root = folder.at('store');
  const key = (...argv: string[]) => slipway(['registry', 'key', ...argv], { root });
  const made = await key('add', 'ana', '--actions', 'pull', '--expires', '24h', '--note', 'ci');
  assert.match(made.stdout, /^slw_[0-9a-f]{12}_[\w-]{43}\n$/);
  const [, id = '', secret = ''] = /^slw_(\w{12})_(\S+)/.exec(made.stdout) ?? [];
  const listed = (await key('ls')).stdout;
  assert.match(listed, new RegExp(`^${id} +ana +pull +20\\d\\d-.* +ci$`, 'm'));
  assert.equal(listed.includes(secret), false);
  assert.equal((await key('rm', id)).stdout, `${id}\n`);
  assert.equal((await key('rm', id)).exitCode, 1);
  assert.equal((await key('add', 'ana', '--actions', 'fly')).exitCode, 1);
});
