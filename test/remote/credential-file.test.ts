/** docker's config.json: which entry counts, and what is never told. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileCredentials, parseCredentialFile, textCredentials } from '#remote/credential-file.ts';
import type { Credential, Credentials } from '#remote/credentials.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
const parse = (config: unknown): Credentials =>
  textCredentials(JSON.stringify(config), 'config.json');
const find = async (
  credentials: Credentials,
  registry: string,
  repository = 'x',
): Promise<Credential | undefined> => (await credentials.find(registry, repository))?.value;
const password = (username: string, secret: string): object => ({
  kind: 'password',
  username,
  password: secret,
});

describe('credentials', () => {
  it('the Hub under its old address, a host with a port, and nobody', async () => {
    const credentials = parse({
      auths: { 'https://index.docker.io/v1/': auth('hub:a:b'), 'localhost:5000': auth('me:x') },
    });
    assert.deepEqual(await find(credentials, 'docker.io', 'library/x'), password('hub', 'a:b'));
    assert.deepEqual(await find(credentials, 'localhost:5000', 'x'), password('me', 'x'));
    assert.equal(await find(credentials, 'ghcr.io', 'x'), undefined);
  });

  it('the longest prefix wins', async () => {
    const credentials = parse({
      auths: { 'r.example': auth('all:1'), 'r.example/team/app': auth('app:2') },
    });
    assert.deepEqual(await find(credentials, 'r.example', 'team/app'), password('app', '2'));
    assert.deepEqual(await find(credentials, 'r.example', 'team/app/sub'), password('app', '2'));
    assert.deepEqual(
      await find(credentials, 'r.example', 'team/application'),
      password('all', '1'),
    );
  });

  it('an identity token goes before the password beside it', async () => {
    const credentials = parse({
      auths: { 'r.example': { ...auth('u:p'), identitytoken: 'refresh' } },
    });
    assert.deepEqual(await find(credentials, 'r.example', 'x'), {
      kind: 'identity-token',
      token: 'refresh',
    });
  });

  it('empty entries are nothing', async () => {
    const credentials = parse({ auths: { 'r.example': {} } });
    assert.equal(await find(credentials, 'r.example'), undefined);
  });

  it('a file that is not there is nobody', async () => {
    using folder = tempFolder();
    assert.equal(await find(fileCredentials(folder.at('none.json')), 'docker.io'), undefined);
  });

  it('a damaged file is refused without showing what is in it', async () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    writeFileSync(path, '{"auths": {"x": {"auth": "SECRET"}}');
    const bad = JSON.stringify({ auths: { x: auth('SECRET') } });
    const readings = [
      () => find(fileCredentials(path), 'x'),
      async () => parseCredentialFile(bad, path),
    ];
    for (const read of readings) {
      await assert.rejects(read, (error) => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'CONFIG_INVALID');
        const told = JSON.stringify([error.message, error.cause, String(error.stack)]);
        assert.ok(!told.includes('SECRET') && !told.includes('U0VDUkVU'));
        return true;
      });
    }
  });
});
