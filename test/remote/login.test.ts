/** What a registry says to who logs in, and what is worth storing afterwards. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_REGISTRY_SETTINGS } from '#core/registry-settings.ts';
import type { Credential } from '#remote/credentials.ts';
import { checkLogin } from '#remote/login.ts';
import { Registries } from '#remote/registries/registries.ts';
import { DEFAULT_RETRY } from '#remote/retry.ts';
import {
  type ScriptedExchange,
  type ScriptedPeer,
  scriptedPeer,
} from '#test/helpers/scripted-peer.ts';

const ME = { kind: 'password', username: 'me', password: 's3cret' } as const;
const BASIC = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
const ASKS = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };

async function loginTo(
  { address }: ScriptedPeer,
  credential: Credential = ME,
): Promise<Credential> {
  const registries = new Registries(NO_REGISTRY_SETTINGS);
  const route = await registries.route({ registry: address, repository: 'login' });
  return await checkLogin({ route, credential, retry: { ...DEFAULT_RETRY, attemptsMax: 1 } });
}

describe('login', () => {
  it('Basic: the password is good', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: '/v2/', headers: { authorization: null }, answer: ASKS },
      { method: 'GET', path: '/v2/', headers: { authorization: BASIC }, answer: { status: 200 } },
    ]);
    assert.deepEqual(await loginTo(peer), ME);
  });

  it('Basic: it is not; docker’s words', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: '/v2/', answer: ASKS },
      { method: 'GET', path: '/v2/', headers: { authorization: BASIC }, answer: ASKS },
    ]);
    await assert.rejects(loginTo(peer), {
      code: 'UNAUTHORIZED',
      message: `login attempt to http://${peer.address}/v2/ failed with status: 401 Unauthorized`,
    });
  });

  it('Bearer: an identity token is asked for, and takes the password’s place', async () => {
    const script: ScriptedExchange[] = [];
    await using peer = await scriptedPeer(script, { isFilledLater: true });
    const realm = `Bearer realm="http://${peer.address}/token",service="reg"`;
    script.push(
      {
        method: 'GET',
        path: '/v2/',
        answer: { status: 401, headers: { 'www-authenticate': realm } },
      },
      {
        method: 'GET',
        path: '/token?service=reg&account=me&client_id=slipway&offline_token=true',
        headers: { authorization: BASIC },
        answer: { status: 200, body: JSON.stringify({ token: 'T1', refresh_token: 'R1' }) },
      },
      {
        method: 'GET',
        path: '/v2/',
        headers: { authorization: 'Bearer T1' },
        answer: { status: 200 },
      },
    );
    assert.deepEqual(await loginTo(peer), { kind: 'identity-token', token: 'R1' });
  });

  it('no registry: said', async () => {
    await using peer = await scriptedPeer([
      { method: 'GET', path: '/v2/', answer: { status: 404 } },
    ]);
    await assert.rejects(loginTo(peer), {
      code: 'REGISTRY_REFUSED',
      message: `login attempt to http://${peer.address}/v2/ failed with status: 404 Not Found`,
    });
  });
});
