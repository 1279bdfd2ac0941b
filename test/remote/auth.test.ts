/** Tokens, Basic and redirects, against a scripted peer that checks who sends what where. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { digestOf } from '#core/digest.ts';
import { type Credential, type Credentials, NO_CREDENTIALS } from '#remote/credentials.ts';
import { collect } from '#test/helpers/images.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import {
  type ScriptedExchange,
  type ScriptedPeer,
  scriptedPeer,
} from '#test/helpers/scripted-peer.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const BLOB = `/v2/test/app/blobs/${DIGEST}`;
const PULL = 'repository%3Atest%2Fapp%3Apull';
const FOUND = { status: 200, body: BYTES };
const BASIC = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;

const password: Credential = { kind: 'password', username: 'me', password: 's3cret' };
const always = (credential: Credential): Credentials => ({
  find: async () => ({ value: credential, origin: 'test' }),
});

/** The script is made once the address is known: a realm is an absolute URL. */
async function tokenPeer(script: (realm: string) => ScriptedExchange[]): Promise<ScriptedPeer> {
  const exchanges: ScriptedExchange[] = [];
  const peer = await scriptedPeer(exchanges, { isFilledLater: true });
  exchanges.push(...script(`http://${peer.address}/token`));
  return peer;
}

function challenge(realm: string): ScriptedExchange['answer'] {
  const value = `Bearer realm="${realm}",service="reg",scope="repository:test/app:pull"`;
  return { status: 401, headers: { 'www-authenticate': value } };
}

const tokenAnswer = (token: string, more: object = {}): ScriptedExchange['answer'] => ({
  status: 200,
  body: JSON.stringify({ token, expires_in: 300, ...more }),
});

describe('Bearer', () => {
  it('for a push, also reads ask for the right to push: the repository may not be there yet', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'HEAD', path: BLOB, answer: challenge(realm) },
      {
        method: 'GET',
        path: `/token?service=reg&scope=${PULL}%2Cpush&scope=${PULL}`,
        answer: tokenAnswer('T1'),
      },
      { method: 'HEAD', path: BLOB, answer: { status: 404 } },
    ]);
    await using remote = remoteAt(peer.address, { forPush: true });
    assert.equal(await remote.blobs.stat(DIGEST), undefined);
  });

  it('anonymous: asked once, then sent at once', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'HEAD', path: BLOB, headers: { authorization: null }, answer: challenge(realm) },
      {
        method: 'GET',
        path: `/token?service=reg&scope=${PULL}`,
        headers: { authorization: null },
        answer: tokenAnswer('T1'),
      },
      { method: 'HEAD', path: BLOB, headers: { authorization: 'Bearer T1' }, answer: FOUND },
      { method: 'HEAD', path: BLOB, headers: { authorization: 'Bearer T1' }, answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address);
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('with a password: Basic to the token service only', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'HEAD', path: BLOB, headers: { authorization: null }, answer: challenge(realm) },
      {
        method: 'GET',
        path: `/token?service=reg&scope=${PULL}&account=me`,
        headers: { authorization: BASIC },
        answer: tokenAnswer('T1'),
      },
      { method: 'HEAD', path: BLOB, headers: { authorization: 'Bearer T1' }, answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address, { credentials: always(password) });
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('with an identity token: a POST of the refresh token', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'HEAD', path: BLOB, answer: challenge(realm) },
      {
        method: 'POST',
        path: '/token',
        body: (bytes) => {
          const form = new URLSearchParams(bytes.toString());
          assert.equal(form.get('grant_type'), 'refresh_token');
          assert.equal(form.get('refresh_token'), 'refresh');
          assert.equal(form.get('scope'), 'repository:test/app:pull');
        },
        answer: { status: 200, body: JSON.stringify({ access_token: 'T2' }) },
      },
      { method: 'HEAD', path: BLOB, headers: { authorization: 'Bearer T2' }, answer: FOUND },
    ]);
    const credentials = always({ kind: 'identity-token', token: 'refresh' });
    await using remote = remoteAt(peer.address, { credentials });
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('a token that ran out is fetched anew before it is refused', async () => {
    let now = 0;
    const token = `/token?service=reg&scope=${PULL}`;
    await using peer = await tokenPeer((realm) => [
      { method: 'HEAD', path: BLOB, answer: challenge(realm) },
      { method: 'GET', path: token, answer: tokenAnswer('T1') },
      { method: 'HEAD', path: BLOB, headers: { authorization: 'Bearer T1' }, answer: FOUND },
      { method: 'GET', path: token, answer: tokenAnswer('T2') },
      { method: 'HEAD', path: BLOB, headers: { authorization: 'Bearer T2' }, answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address, { retry: { now: () => now } });
    assert.ok(await remote.blobs.stat(DIGEST));
    now = 295_000;
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('parallel calls share one token request', async () => {
    const asked = (token: string | null, answer: ScriptedExchange['answer']): ScriptedExchange => ({
      method: 'HEAD',
      path: BLOB,
      headers: { authorization: token },
      answer,
    });
    await using peer = await tokenPeer((realm) => [
      asked(null, challenge(realm)),
      {
        method: 'GET',
        path: `/token?service=reg&scope=${PULL}`,
        answer: tokenAnswer('T1', { expires_in: 1000 }),
      },
      asked('Bearer T1', FOUND),
      asked('Bearer T1', FOUND),
      asked('Bearer T1', FOUND),
    ]);
    await using remote = remoteAt(peer.address);
    await remote.blobs.stat(DIGEST);
    await Promise.all([remote.blobs.stat(DIGEST), remote.blobs.stat(DIGEST)]);
  });

  it('a wrong password: docker’s words, and no secret anywhere in the error', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'GET', path: BLOB, answer: challenge(realm) },
      { method: 'GET', path: /^\/token/, answer: { status: 401 } },
    ]);
    await using remote = remoteAt(peer.address, { credentials: always(password) });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), (error) => {
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.code, 'UNAUTHORIZED');
      assert.equal(error.message, 'unauthorized: incorrect username or password');
      const told = inspect(error, { depth: 10 });
      assert.ok(!told.includes('s3cret') && !told.includes(BASIC));
      return true;
    });
  });

  it('nobody may pull: pull access denied, and how to log in', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'GET', path: BLOB, answer: challenge(realm) },
      { method: 'GET', path: /^\/token/, answer: tokenAnswer('T1') },
      {
        method: 'GET',
        path: BLOB,
        answer: {
          status: 403,
          body: JSON.stringify({
            errors: [{ code: 'DENIED', message: 'requested access to the resource is denied' }],
          }),
        },
      },
    ]);
    await using remote = remoteAt(peer.address, { credentials: NO_CREDENTIALS });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), {
      code: 'UNAUTHORIZED',
      message: `pull access denied for ${peer.address}/test/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
      hint: `no credentials for ${peer.address} are stored: log in (slipway login ${peer.address}), or check the name`,
    });
  });

  it('a token that could end a header is refused', async () => {
    await using peer = await tokenPeer((realm) => [
      { method: 'HEAD', path: BLOB, answer: challenge(realm) },
      { method: 'GET', path: /^\/token/, answer: tokenAnswer('a\r\nx: y') },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.blobs.stat(DIGEST), { code: 'REGISTRY_PROTOCOL' });
  });
});

describe('Basic', () => {
  const asks = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };

  it('the password goes where it is asked for, then at once', async () => {
    await using peer = await scriptedPeer([
      { method: 'HEAD', path: BLOB, headers: { authorization: null }, answer: asks },
      { method: 'HEAD', path: BLOB, headers: { authorization: BASIC }, answer: FOUND },
      { method: 'HEAD', path: BLOB, headers: { authorization: BASIC }, answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address, { credentials: always(password) });
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('refused, it is not sent again and again', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: asks },
      { method: 'GET', path: BLOB, headers: { authorization: BASIC }, answer: asks },
    ]);
    await using remote = remoteAt(peer.address, { credentials: always(password) });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'UNAUTHORIZED' });
  });

  it('nobody known: the refusal stands', async () => {
    await using peer = await scriptedPeer([{ method: 'GET', path: BLOB, answer: asks }]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'UNAUTHORIZED' });
  });
});

describe('redirects', () => {
  const asks = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };

  it('to another origin: followed without credentials', async () => {
    await using storage = await scriptedPeer([
      { method: 'GET', path: '/data?sig=1', headers: { authorization: null }, answer: FOUND },
    ]);
    const location = `http://${storage.address}/data?sig=1`;
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: asks },
      {
        method: 'GET',
        path: BLOB,
        headers: { authorization: BASIC },
        answer: { status: 307, headers: { location } },
      },
    ]);
    await using remote = remoteAt(peer.address, { credentials: always(password) });
    assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
  });

  it('within the origin: credentials stay', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: BLOB, answer: asks },
      {
        method: 'GET',
        path: BLOB,
        headers: { authorization: BASIC },
        answer: { status: 302, headers: { location: '/elsewhere' } },
      },
      { method: 'GET', path: '/elsewhere', headers: { authorization: BASIC }, answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address, { credentials: always(password) });
    assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
  });

  it('in a circle: given up', async () => {
    const circle = { status: 302, headers: { location: BLOB } };
    const again = { method: 'GET', path: BLOB, answer: circle } as const;
    await using peer = await scriptedPeer(Array.from({ length: 6 }, () => again));
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'REGISTRY_PROTOCOL' });
  });

  it('to something that is no HTTP: refused', async () => {
    await using peer = await scriptedPeer([
      {
        method: 'GET',
        path: BLOB,
        answer: { status: 302, headers: { location: 'file:///etc/passwd' } },
      },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'REGISTRY_PROTOCOL' });
  });
});
