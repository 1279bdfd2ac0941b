/** Whose word opens a private key: the variable's, else what is typed, on stderr and unseen. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { keyPassword } from '#cli/key-password.ts';
import { resolveSettings } from '#cli/settings.ts';
import { readPrivateKey } from '#image/key-file.ts';
import { runCommand } from '#test/helpers/run-command.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

function typing(input: string, folder: string) {
  const argv = ['generate-key-pair', '--output-key-prefix', `${folder}/k`];
  return runCommand(argv, { isTTY: true, input });
}

test('a new password is typed twice', async () => {
  using folder = tempFolder();
  const outcome = await typing('pw\rpw\r', folder.path);
  assert.equal(outcome.stdout, '');
  assert.match(
    outcome.stderr,
    /^Enter password for private key: \nEnter password for private key again: \nPrivate key written/,
  );
  assert.equal((await readPrivateKey(folder.at('k.key'), async () => 'pw')).type, 'private');
});

test('two that differ are none', async () => {
  using folder = tempFolder();
  const outcome = await typing('pw\rpx\r', folder.path);
  assert.equal(outcome.exitCode, 1);
  assert.match(outcome.stderr, /passwords do not match/);
  assert.equal(existsSync(folder.at('k.key')), false);
});

test('the variable counts, an empty one too', async () => {
  for (const password of ['pw', '']) {
    using folder = tempFolder();
    const environment = { COSIGN_PASSWORD: password };
    const argv = ['generate-key-pair', '--output-key-prefix', folder.at('k')];
    assert.equal((await runCommand(argv, { environment })).exitCode, 0);
    const key = await readPrivateKey(folder.at('k.key'), async () => password);
    assert.equal(key.type, 'private');
    const settings = resolveSettings({ environment, isRoot: true });
    assert.equal(await keyPassword(NOBODY, settings)(), password);
  }
});

/** Asked for anything, it fails. */
const NOBODY = new Proxy<Parameters<typeof keyPassword>[0]>(Object.create(null), {
  get: (_, name) => assert.fail(`nobody is to be asked for ${String(name)}`),
});
