/** Where login writes, and what it leaves alone. */
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import { eraseLogin, storeLogin } from '#remote/credential-write.ts';
import { credentialHelper } from '#test/helpers/credential-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const ME = {
  registry: 'r.example:5000',
  username: 'me',
  credential: { kind: 'password', username: 'me', password: 's3cret' },
} as const;
const AUTH = Buffer.from('me:s3cret').toString('base64');
const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

describe('storing', () => {
  it('a new file: for its owner alone, and nothing beside it', async () => {
    using folder = tempFolder();
    const path = folder.at('.docker/config.json');
    assert.deepEqual(await storeLogin(path, ME), { place: path, isEncrypted: false });
    assert.deepEqual(read(path), { auths: { 'r.example:5000': { auth: AUTH } } });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(folder.at('.docker')).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(folder.at('.docker')), ['config.json']);
  });

  it('fields of others and other registries stay; a mode that was too wide does not', async () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    const before = { psFormat: 'x', auths: { 'o.example': { auth: AUTH } }, plugins: { a: [1] } };
    writeFileSync(path, JSON.stringify(before), { mode: 0o644 });
    await storeLogin(path, ME);
    assert.deepEqual(read(path), {
      ...before,
      auths: { ...before.auths, 'r.example:5000': { auth: AUTH } },
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('Docker Hub by the name that docker has for it', async () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    await storeLogin(path, { ...ME, registry: 'docker.io' });
    assert.deepEqual(read(path), { auths: { 'https://index.docker.io/v1/': { auth: AUTH } } });
  });

  it('an identity token in the password’s place', async () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    const credential = { kind: 'identity-token', token: 'refresh' } as const;
    await storeLogin(path, { ...ME, credential });
    const auth = Buffer.from('me:').toString('base64');
    assert.deepEqual(read(path), {
      auths: { 'r.example:5000': { auth, identitytoken: 'refresh' } },
    });
  });

  it('with a helper the file holds its mark, and no secret that was there before', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test');
    const path = folder.at('config.json');
    writeFileSync(
      path,
      JSON.stringify({ credsStore: 'test', auths: { 'r.example:5000': { auth: AUTH } } }),
    );
    assert.deepEqual(await storeLogin(path, ME), {
      place: 'docker-credential-test',
      isEncrypted: true,
    });
    assert.deepEqual(read(path), { credsStore: 'test', auths: { 'r.example:5000': {} } });
    assert.match(readFileSync(folder.at('kept'), 'utf8'), /s3cret/);
  });

  it('a link to the file stays a link', async () => {
    using folder = tempFolder();
    mkdirSync(folder.at('real'));
    writeFileSync(folder.at('real/config.json'), '{}');
    symlinkSync('real/config.json', folder.at('config.json'));
    await storeLogin(folder.at('config.json'), ME);
    assert.ok(lstatSync(folder.at('config.json')).isSymbolicLink());
    assert.deepEqual(read(folder.at('real/config.json')), {
      auths: { 'r.example:5000': { auth: AUTH } },
    });
  });

  it('a damaged file is refused and stays as it is', async () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    writeFileSync(path, '{"auths":');
    await assert.rejects(storeLogin(path, ME), { code: 'CONFIG_INVALID' });
    assert.equal(readFileSync(path, 'utf8'), '{"auths":');
  });
});

describe('erasing', () => {
  it('under all names of the registry, and no other', async () => {
    using folder = tempFolder();
    const path = folder.at('config.json');
    const entry = { auth: AUTH };
    const auths = {
      'https://index.docker.io/v1/': entry,
      'docker.io': entry,
      'index.docker.io': entry,
      'docker.io/team': entry,
    };
    writeFileSync(path, JSON.stringify({ auths }));
    await eraseLogin(path, 'docker.io');
    assert.deepEqual(read(path), { auths: { 'docker.io/team': entry } });
  });

  it('nobody: the file is not touched, and none is made', async () => {
    using folder = tempFolder();
    await eraseLogin(folder.at('config.json'), 'r.example');
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it('from the helper, too', async () => {
    using folder = tempFolder();
    using _ = credentialHelper(folder, 'test');
    const path = folder.at('config.json');
    writeFileSync(path, '{"credsStore": "test"}');
    await storeLogin(path, ME);
    await eraseLogin(path, 'r.example:5000');
    assert.deepEqual(read(path), { credsStore: 'test', auths: {} });
    assert.deepEqual(readdirSync(folder.path).sort(), ['bin', 'config.json']);
  });
});
