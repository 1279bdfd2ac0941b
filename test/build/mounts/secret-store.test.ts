/** Where secrets are read from: files, pipes, values; and how much of them. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SecretStore } from '#build/mounts/secret-store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const LIMIT = 500 * 1024;

function fromFile(path: string): SecretStore {
  return new SecretStore({ token: { kind: 'file', path } });
}

test('a file is read whole, up to the limit', () => {
  using folder = tempFolder();
  const bytes = Buffer.alloc(LIMIT, 'x');
  writeFileSync(folder.at('s'), bytes);
  assert.deepEqual(fromFile(folder.at('s')).read('token'), bytes);
  writeFileSync(folder.at('s'), Buffer.alloc(LIMIT + 1));
  assert.throws(() => fromFile(folder.at('s')).read('token'), {
    code: 'FILE_UNUSABLE',
    message: /invalid secret size/,
  });
});

test('a pipe is read to its end, whatever comes at once', () => {
  using folder = tempFolder();
  const pipe = folder.at('pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  spawn('sh', ['-c', '{ printf one; sleep 0.1; printf two; } >"$1"', 'sh', pipe]);
  assert.equal(fromFile(pipe).read('token')?.toString(), 'onetwo');
});

test('a device without an end is refused as too large', () => {
  assert.throws(() => fromFile('/dev/zero').read('token'), { message: /invalid secret size/ });
});

test('what is no file to be read is said with its name', () => {
  assert.throws(() => fromFile('/nowhere/s').read('token'), { message: /\/nowhere\/s: ENOENT/ });
  assert.throws(() => fromFile('/').read('token'), { message: /EISDIR/ });
});

test('a value; nothing under a name that the build was not given', () => {
  const store = new SecretStore({ token: { kind: 'value', value: 'x' } });
  assert.equal(store.read('token')?.toString(), 'x');
  assert.equal(store.read('constructor'), undefined);
});
