/** `generate-key-pair`: two files, which signing and verifying read; nothing is written over. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { KEY_TYPES } from '#engine/key-pair.ts';
import { readPrivateKey, readPublicKey } from '#image/key-file.ts';
import { slipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const environment = { COSIGN_PASSWORD: 'pw' };

for (const type of KEY_TYPES) {
  test(`a pair of type ${type}`, async () => {
    using folder = tempFolder();
    const prefix = folder.at('mine');
    const argv = ['generate-key-pair', '--output-key-prefix', prefix, '--type', type];
    assert.deepEqual(await slipway(argv, { environment }), {
      exitCode: 0,
      stdout: '',
      stderr: `Private key written to ${prefix}.key\nPublic key written to ${prefix}.pub\n`,
    });
    assert.equal(statSync(`${prefix}.key`).mode & 0o777, 0o600);
    const key = await readPrivateKey(`${prefix}.key`, async () => 'pw');
    const kind = type.replace('ecdsa-p256', 'ec');
    assert.equal(key.asymmetricKeyType, kind);
    assert.equal((await readPublicKey(`${prefix}.pub`)).asymmetricKeyType, kind);
  });
}

test('a file that is there stays, and nothing is left of the other one', async () => {
  using folder = tempFolder();
  await writeFile(folder.at('cosign.pub'), 'somebody else');
  const outcome = await slipway(['generate-key-pair'], { cwd: folder.path, environment });
  assert.equal(outcome.exitCode, 1);
  assert.match(outcome.stderr, /cosign\.pub exists already/);
  assert.equal(existsSync(folder.at('cosign.key')), false);
});

test('without a password and a terminal: what to do', async () => {
  using folder = tempFolder();
  const outcome = await slipway(['generate-key-pair'], { cwd: folder.path });
  assert.equal(outcome.exitCode, 1);
  assert.match(outcome.stderr, /COSIGN_PASSWORD/);
});
