/** Registries and token services that misbehave: loops, tokens that run out, other forms, clocks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { ReadOptions } from '#core/repository.ts';
import type { Credential, Credentials } from '#remote/credentials.ts';
import { collect } from '#test/helpers/images.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import {
  type ScriptedAnswer,
  type ScriptedExchange,
  type ScriptedPeer,
  scriptedPeer,
} from '#test/helpers/scripted-peer.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const BLOB = `/v2/test/app/blobs/${DIGEST}`;
const FOUND = { status: 200, body: BYTES };
const SCOPE = 'repository%3Atest%2Fapp%3Apull';

const always = (credential: Credential): Credentials => ({
  find: async () => ({ value: credential, origin: 'test' }),
});
const password = always({ kind: 'password', username: 'me', password: 's3cret' });

/** The script is made once the address is known: a realm is an absolute URL. */
async function peerOf(
  script: (peer: { challenge: ScriptedAnswer; origin: string }) => ScriptedExchange[],
): Promise<ScriptedPeer> {
  const exchanges: ScriptedExchange[] = [];
  const peer = await scriptedPeer(exchanges, { isFilledLater: true });
  const origin = `http://${peer.address}`;
  const value = `Bearer realm="${origin}/token",service="reg"`;
  exchanges.push(
    ...script({ origin, challenge: { status: 401, headers: { 'www-authenticate': value } } }),
  );
  return peer;
}

const bearing = (token: string | null): Record<string, string | null> => ({
  authorization: token === null ? null : `Bearer ${token}`,
});
const token = (value: string, more: object = {}): ScriptedAnswer => ({
  status: 200,
  body: JSON.stringify({ token: value, expires_in: 300, ...more }),
});

describe('401 for ever', () => {
  it('every token is refused: one new one, then the refusal stands', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { method: 'GET', path: BLOB, headers: bearing(null), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T1') },
      { method: 'GET', path: BLOB, headers: bearing('T1'), answer: challenge },
      { method: 'GET', path: BLOB, headers: bearing('T1'), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T2') },
      { method: 'GET', path: BLOB, headers: bearing('T2'), answer: challenge },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'UNAUTHORIZED' });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'UNAUTHORIZED' });
  });

  it('the token service itself wants a token: said, not asked for ever', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { method: 'GET', path: BLOB, answer: challenge },
      { method: 'GET', path: /^\/token/, answer: challenge },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'UNAUTHORIZED' });
  });

  it('a challenge that nobody understands is the registry’s last word', async () => {
    const answer = { status: 401, headers: { 'www-authenticate': 'Negotiate' } };
    await using peer = await scriptedPeer([{ method: 'GET', path: BLOB, answer }]);
    await using remote = remoteAt(peer.address, { credentials: password });
    await assert.rejects(collect(remote.blobs.read(DIGEST)), { code: 'UNAUTHORIZED' });
  });

  it('Basic offered beside Bearer: Bearer is taken', async () => {
    await using peer = await peerOf(({ origin }) => [
      {
        method: 'GET',
        path: BLOB,
        answer: {
          status: 401,
          headers: { 'www-authenticate': `Basic realm="r", Bearer realm="${origin}/token"` },
        },
      },
      { method: 'GET', path: `/token?scope=${SCOPE}`, answer: token('T1') },
      { method: 'GET', path: BLOB, headers: bearing('T1'), answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address);
    assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
  });
});

describe('a token that runs out in the middle of an upload', () => {
  const START: ScriptedExchange = {
    method: 'POST',
    path: '/v2/test/app/blobs/uploads/',
    headers: bearing('T1'),
    answer: { status: 202, headers: { location: '/up/1' } },
  };

  it('is renewed, and the upload goes on from where the registry stands', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { ...START, headers: bearing(null), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T1') },
      START,
      { method: 'PUT', path: /^\/up\/1\?digest=/, headers: bearing('T1'), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T2') },
      {
        method: 'GET',
        path: '/up/1',
        headers: bearing('T2'),
        answer: { status: 204, headers: { location: '/up/2', range: '0-3' } },
      },
      {
        method: 'PATCH',
        path: '/up/2',
        headers: { ...bearing('T2'), 'content-range': '4-9' },
        body: (bytes) => assert.deepEqual(bytes, BYTES.subarray(4)),
        answer: { status: 202, headers: { location: '/up/3' } },
      },
      { method: 'PUT', path: /^\/up\/3\?digest=/, headers: bearing('T2'), answer: { status: 201 } },
    ]);
    await using remote = remoteAt(peer.address, { credentials: password });
    const source = async function* ({ range }: ReadOptions): AsyncGenerator<Uint8Array> {
      yield BYTES.subarray(range?.offset ?? 0);
    };
    await remote.blobs.receive({ digest: DIGEST, size: BYTES.length }, source);
  });

  it('again and again without progress: given up', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { ...START, headers: bearing(null), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T1') },
      START,
      { method: 'PUT', path: /^\/up\/1\?digest=/, answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T2') },
      {
        method: 'GET',
        path: '/up/1',
        headers: bearing('T2'),
        answer: { status: 204, headers: { range: '0-3' } },
      },
      { method: 'PATCH', path: '/up/1', headers: bearing('T2'), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T3') },
      {
        method: 'GET',
        path: '/up/1',
        headers: bearing('T3'),
        answer: { status: 204, headers: { range: '0-3' } },
      },
      { method: 'PATCH', path: '/up/1', headers: bearing('T3'), answer: challenge },
      { method: 'GET', path: /^\/token/, answer: token('T4') },
      { method: 'DELETE', path: '/up/1', headers: bearing('T4'), answer: { status: 204 } },
    ]);
    await using remote = remoteAt(peer.address, { retry: { attemptsMax: 2 } });
    const source = async function* ({ range }: ReadOptions): AsyncGenerator<Uint8Array> {
      yield BYTES.subarray(range?.offset ?? 0);
    };
    const send = remote.blobs.receive({ digest: DIGEST, size: BYTES.length }, source);
    await assert.rejects(send, {
      code: 'REGISTRY_UNREACHABLE',
      message: 'unauthorized: the token ran out on the way',
    });
  });
});

describe('token services of other kinds', () => {
  it('no GET: the OAuth2 form with the password', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { method: 'HEAD', path: BLOB, answer: challenge },
      { method: 'GET', path: /^\/token\?/, answer: { status: 405 } },
      {
        method: 'POST',
        path: '/token',
        headers: { authorization: null },
        body: (bytes) =>
          assert.deepEqual(Object.fromEntries(new URLSearchParams(bytes.toString())), {
            grant_type: 'password',
            username: 'me',
            password: 's3cret',
            client_id: 'slipway',
            scope: 'repository:test/app:pull',
            service: 'reg',
          }),
        answer: { status: 200, body: JSON.stringify({ access_token: 'T1' }) },
      },
      { method: 'HEAD', path: BLOB, headers: bearing('T1'), answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address, { credentials: password });
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('an identity token that is replaced with every use', async () => {
    const refresh =
      (expected: string) =>
      (bytes: Buffer): void =>
        assert.equal(new URLSearchParams(bytes.toString()).get('refresh_token'), expected);
    let now = 0;
    await using peer = await peerOf(({ challenge }) => [
      { method: 'HEAD', path: BLOB, answer: challenge },
      {
        method: 'POST',
        path: '/token',
        body: refresh('R1'),
        answer: token('T1', { refresh_token: 'R2' }),
      },
      { method: 'HEAD', path: BLOB, headers: bearing('T1'), answer: FOUND },
      { method: 'POST', path: '/token', body: refresh('R2'), answer: token('T2') },
      { method: 'HEAD', path: BLOB, headers: bearing('T2'), answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address, {
      credentials: always({ kind: 'identity-token', token: 'R1' }),
      retry: { now: () => now },
    });
    assert.ok(await remote.blobs.stat(DIGEST));
    now = 400_000;
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('a token that the registry itself takes is sent as it is', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { method: 'HEAD', path: BLOB, answer: challenge },
      { method: 'HEAD', path: BLOB, headers: bearing('MINE'), answer: FOUND },
    ]);
    const credentials = always({ kind: 'registry-token', token: 'MINE' });
    await using remote = remoteAt(peer.address, { credentials });
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  const STORMS: readonly number[] = [429, 500, 502, 503];
  for (const status of STORMS) {
    it(`${status} from the token service passes`, async () => {
      await using peer = await peerOf(({ challenge }) => [
        { method: 'HEAD', path: BLOB, answer: challenge },
        { method: 'GET', path: /^\/token/, answer: { status } },
        { method: 'GET', path: /^\/token/, answer: { status } },
        { method: 'GET', path: /^\/token/, answer: token('T1') },
        { method: 'HEAD', path: BLOB, headers: bearing('T1'), answer: FOUND },
      ]);
      await using remote = remoteAt(peer.address);
      assert.ok(await remote.blobs.stat(DIGEST));
    });
  }

  it('an answer that is no JSON is told without what is in it', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { method: 'HEAD', path: BLOB, answer: challenge },
      { method: 'GET', path: /^\/token/, answer: { status: 200, body: '{"token": SECRET}' } },
    ]);
    await using remote = remoteAt(peer.address);
    await assert.rejects(remote.blobs.stat(DIGEST), (error) => {
      assert.ok(error instanceof Error && error.cause === undefined);
      assert.equal(error.message, 'token response is no JSON object');
      return true;
    });
  });
});

describe('clocks', () => {
  it('a service whose clock is wrong: the lifetime counts, not when it says it was given', async () => {
    await using peer = await peerOf(({ challenge }) => [
      { method: 'HEAD', path: BLOB, answer: challenge },
      {
        method: 'GET',
        path: /^\/token/,
        answer: token('T1', { issued_at: '2001-01-01T00:00:00Z' }),
      },
      { method: 'HEAD', path: BLOB, headers: bearing('T1'), answer: FOUND },
      { method: 'HEAD', path: BLOB, headers: bearing('T1'), answer: FOUND },
    ]);
    await using remote = remoteAt(peer.address);
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.ok(await remote.blobs.stat(DIGEST));
  });

  it('a Retry-After in the past, by a clock that is behind, waits for nothing', async () => {
    const headers = { 'retry-after': 'Thu, 01 Jan 2026 00:00:00 GMT' };
    await using peer = await scriptedPeer([
      { method: 'HEAD', path: BLOB, answer: { status: 503, headers } },
      { method: 'HEAD', path: BLOB, answer: FOUND },
    ]);
    const waited: number[] = [];
    await using remote = remoteAt(peer.address, {
      retry: {
        now: () => Date.parse('2026-06-01T00:00:00Z'),
        sleep: async (delayMs) => void waited.push(delayMs),
      },
    });
    assert.ok(await remote.blobs.stat(DIGEST));
    assert.deepEqual(waited, [0]);
  });
});

describe('storms', () => {
  it('429 without Retry-After: back-off that grows and is bounded', async () => {
    await using peer = await scriptedPeer(
      Array.from({ length: 5 }, () => ({ method: 'HEAD', path: BLOB, answer: { status: 429 } })),
    );
    const waited: number[] = [];
    await using remote = remoteAt(peer.address, {
      retry: {
        random: () => 0.999,
        firstDelayMs: 500,
        delayMsMax: 1500,
        sleep: async (delayMs) => void waited.push(delayMs),
      },
    });
    await assert.rejects(remote.blobs.stat(DIGEST), { code: 'TOO_MANY_REQUESTS' });
    assert.deepEqual(waited, [499, 999, 1498, 1498]);
  });
});
