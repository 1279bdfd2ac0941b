/** docker's config.json: which entry counts, and what is never told. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseCredentials, readCredentials } from '#remote/credentials.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
const parse = (config: unknown): ReturnType<typeof parseCredentials> =>
  parseCredentials(JSON.stringify(config), 'config.json');
const password = (username: string, secret: string): object => ({
  kind: 'password',
  username,
  password: secret,
});

describe('credentials', () => {
  it('the Hub under its old address, a host with a port, and nobody', () => {
    const credentials = parse({
      auths: { 'https://index.docker.io/v1/': auth('hub:a:b'), 'localhost:5000': auth('me:x') },
    });
    assert.deepEqual(credentials.find('docker.io', 'library/x'), password('hub', 'a:b'));
    assert.deepEqual(credentials.find('localhost:5000', 'x'), password('me', 'x'));
    assert.equal(credentials.find('ghcr.io', 'x'), undefined);
  });

  it('the longest prefix wins', () => {
    const credentials = parse({
      auths: { 'r.example': auth('all:1'), 'r.example/team/app': auth('app:2') },
    });
    assert.deepEqual(credentials.find('r.example', 'team/app'), password('app', '2'));
    assert.deepEqual(credentials.find('r.example', 'team/app/sub'), password('app', '2'));
    assert.deepEqual(credentials.find('r.example', 'team/application'), password('all', '1'));
  });

  it('an identity token goes before the password beside it', () => {
    const credentials = parse({
      auths: { 'r.example': { ...auth('u:p'), identitytoken: 'refresh' } },
    });
    assert.deepEqual(credentials.find('r.example', 'x'), {
      kind: 'identity-token',
      token: 'refresh',
    });
  });

  it('empty entries are nothing; helpers are known by name', () => {
    const credentials = parse({
      auths: { 'r.example': {} },
      credsStore: 'desktop',
      credHelpers: { 'g.example': 'cloud' },
    });
    assert.equal(credentials.find('r.example', 'x'), undefined);
    assert.equal(credentials.helperFor('r.example'), 'desktop');
    assert.equal(credentials.helperFor('g.example'), 'cloud');
  });

  it('a file that is not there is nobody', () => {
    using folder = tempFolder();
    assert.equal(readCredentials(folder.at('none.json')).find('docker.io', 'x'), undefined);
  });

  it('a damaged file is refused without showing what is in it', () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    writeFileSync(path, '{"auths": {"x": {"auth": "SECRET"}}');
    const bad = JSON.stringify({ auths: { x: auth('SECRET') } });
    for (const read of [() => readCredentials(path), () => parseCredentials(bad, path)]) {
      assert.throws(read, (error) => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'JSON_INVALID');
        const told = JSON.stringify([error.message, error.cause, String(error.stack)]);
        assert.ok(!told.includes('SECRET') && !told.includes('U0VDUkVU'));
        return true;
      });
    }
  });
});
