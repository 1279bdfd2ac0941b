/** Programs that keep credentials: their protocol, and what happens when they are missing or broken. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { textCredentials } from '#remote/credential-file.ts';
import { helperErase, helperGet, helperStore } from '#remote/credential-helper.ts';
import { helperCredentials } from '#remote/named-programs.ts';
import { credentialHelper } from '#test/helpers/credential-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const ME = { kind: 'password', username: 'me', password: 's3cret' } as const;

describe('docker-credential programs', () => {
  it('what is stored is found, until it is erased', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test');
    assert.equal(await helperGet('test', 'r.example'), undefined);
    await helperStore('test', 'r.example', ME);
    assert.deepEqual(JSON.parse(readFileSync(folder.at('kept'), 'utf8')), {
      ServerURL: 'r.example',
      Username: 'me',
      Secret: 's3cret',
    });
    assert.deepEqual(await helperGet('test', 'r.example'), ME);
    await helperErase('test', 'r.example');
    assert.ok(!existsSync(folder.at('kept')));
    assert.equal(await helperGet('test', 'r.example'), undefined);
  });

  it('<token> is the user of an identity token', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test');
    const token = { kind: 'identity-token', token: 'refresh' } as const;
    await helperStore('test', 'r.example', token);
    assert.deepEqual(await helperGet('test', 'r.example'), token);
  });

  it('a program that is not installed: docker’s words', async () => {
    await assert.rejects(helperGet('nosuch', 'r.example'), {
      code: 'CREDENTIAL_HELPER',
      message:
        'error getting credentials - err: exec: "docker-credential-nosuch": executable file not found in $PATH',
    });
  });

  it('one that fails says why in its own words, on one line', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test', 'printf "the keyring\\nis locked"; exit 1');
    await assert.rejects(helperGet('test', 'r.example'), {
      code: 'CREDENTIAL_HELPER',
      message:
        'error getting credentials - err: docker-credential-test get failed, out: `the keyring is locked`',
    });
  });

  it('an answer that is no JSON is not repeated: it may hold the secret', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test', 'echo "{Secret: s3cret}"');
    await assert.rejects(helperGet('test', 'r.example'), (error) => {
      assert.ok(error instanceof Error && !String(error.stack).includes('s3cret'));
      return true;
    });
  });

  it('a name that is a path is refused', async () => {
    await assert.rejects(helperGet('../x', 'r.example'), { code: 'CREDENTIAL_HELPER' });
  });
});

describe('which helper is asked', () => {
  const find = async (config: object, registry: string): Promise<string | undefined> =>
    (await textCredentials(JSON.stringify(config), 'config.json').find(registry, 'x'))?.origin;

  it('credHelpers for their host, credsStore for all others', async () => {
    using folder = tempFolder();
    const answer = `echo '{"Username": "me", "Secret": "s3cret"}'`;
    using _one = credentialHelper(folder, 'one', answer);
    using _all = credentialHelper(folder, 'all', answer);
    const config = { credHelpers: { 'r.example': 'one' }, credsStore: 'all' };
    assert.equal(await find(config, 'r.example'), 'docker-credential-one (config.json)');
    assert.equal(await find(config, 'o.example'), 'docker-credential-all (config.json)');
  });

  it('Docker Hub is asked for by docker’s name; who is not found there may be in the file', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test');
    await helperStore('test', 'https://index.docker.io/v1/', ME);
    const auth = Buffer.from('you:other').toString('base64');
    const config = { credsStore: 'test', auths: { 'r.example': { auth } } };
    assert.equal(await find(config, 'docker.io'), 'docker-credential-test (config.json)');
    assert.equal(await find(config, 'r.example'), 'config.json');
    assert.equal(await find(config, 'nobody.example'), undefined);
  });
});

describe('credential-helpers of registries.conf', () => {
  it('are asked in their order; containers-auth.json stands for files', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test');
    await helperStore('test', 'https://index.docker.io/v1/', ME);
    const origin = 'registries.conf: credential-helpers';
    const value = ['containers-auth.json', 'test'];
    const credentials = helperCredentials(async () => ({ value, origin }));
    assert.deepEqual(await credentials.find('docker.io', 'library/x'), {
      value: ME,
      origin: `docker-credential-test (${origin})`,
    });
    assert.equal(await credentials.find('r.example', 'x'), undefined);
  });

  it('without any nobody is asked', async () => {
    const credentials = helperCredentials(async () => undefined);
    assert.equal(await credentials.find('r.example', 'x'), undefined);
  });
});
