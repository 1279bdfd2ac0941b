/** When a registry asks who somebody is, and files that are not there. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type AuthConfig, DEFAULT_CONFIG } from '#core/registry-config.ts';
import type { Guard } from '#registry/auth/guard.ts';
import { openGuard } from '#registry/auth/open-guard.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

function guardOf(folder: TempFolder, auth: Partial<AuthConfig> = {}): Guard | undefined {
  return openGuard({ auth: { ...DEFAULT_CONFIG.auth, ...auth } }, { folder: folder.path });
}

test('nothing said, nobody there: everybody may do everything', () => {
  using folder = tempFolder();
  assert.equal(guardOf(folder), undefined);
});

test('anonymous pull alone: everybody may pull, and nobody push', () => {
  using folder = tempFolder();
  const judge = guardOf(folder, { anonymous: 'pull' })?.options.judge.value;
  assert.equal(judge?.allows(undefined, 'a/b', 'pull'), true);
  assert.equal(judge?.allows(undefined, 'a/b', 'push'), false);
});

test('the users file of the store counts when it is there', () => {
  using folder = tempFolder();
  writeFileSync(folder.at('users'), '');
  assert.equal(guardOf(folder)?.options.judge.value.allows(undefined, 'a', 'pull'), false);
});

test('a file that is named and is not there, or is none, is told in words', () => {
  using folder = tempFolder();
  const missing = { code: 'FILE_MISSING', message: /nonexistent cannot be read/ };
  assert.throws(() => guardOf(folder, { users: '/nonexistent' }), missing);
  assert.throws(() => guardOf(folder, { keys: '/nonexistent' }), missing);
  const server = { realm: 'https://a.test', service: 's', issuer: 'i', jwks: '/nonexistent' };
  assert.throws(() => guardOf(folder, { server }), missing);
  for (const text of ['x', '{}', '{"keys": 1}']) {
    writeFileSync(folder.at('jwks'), text);
    const wrong = { server: { ...server, jwks: folder.at('jwks') } };
    assert.throws(() => guardOf(folder, wrong), { code: 'CONFIG_INVALID' }, text);
  }
});
