/** `/token`, and what its tokens are good for. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { digestOf } from '#core/digest.ts';
import { setUser } from '#engine/registry-users.ts';
import {
  ANA,
  BOB,
  basic,
  bearer,
  type GuardedRegistry,
  guardedRegistry,
} from '#test/helpers/guarded-registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface TokenReply {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
}

function ask(
  registry: GuardedRegistry,
  scopes: readonly string[],
  headers: Record<string, string> = {},
): Promise<Response> {
  const query = scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join('');
  return fetch(registry.url(`/token?service=slipway${query}`), { headers });
}

async function tokenFor(
  registry: GuardedRegistry,
  scope: string,
  user: readonly [string, string] = BOB,
): Promise<string> {
  const response = await ask(registry, [scope], basic(user));
  assert.equal(response.status, 200);
  const reply = (await response.json()) as TokenReply;
  assert.equal(reply.token, reply.access_token);
  return reply.token;
}

async function statusOf(
  registry: GuardedRegistry,
  path: string,
  token: string,
  method = 'GET',
): Promise<number> {
  return (await fetch(registry.url(path), { method, headers: bearer(token) })).status;
}

function form(registry: GuardedRegistry, fields: Record<string, string>): Promise<Response> {
  return fetch(registry.url('/token'), { method: 'POST', body: new URLSearchParams(fields) });
}

describe('the challenge', () => {
  it('names the token endpoint as the client reached us, and the scope', async () => {
    await using registry = await guardedRegistry();
    const response = await fetch(registry.url('/v2/team/app/blobs/uploads/'), { method: 'POST' });
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer realm="http://${registry.address}/token",service="slipway",scope="repository:team/app:pull,push"`,
    );
    const behindTls = await fetch(registry.url('/v2/'), {
      headers: { 'x-forwarded-proto': 'https' },
    });
    assert.match(behindTls.headers.get('www-authenticate') ?? '', /realm="https:/);
  });

  it('is Basic where that is asked for, and there is no token endpoint then', async () => {
    await using registry = await guardedRegistry({ scheme: 'basic' });
    const response = await fetch(registry.url('/v2/'));
    assert.match(response.headers.get('www-authenticate') ?? '', /^Basic realm=/);
    assert.equal((await ask(registry, [])).status, 404);
  });
});

describe('a token', () => {
  it('is good for its scope and no more', async () => {
    await using registry = await guardedRegistry();
    const token = await tokenFor(registry, 'repository:team/app:pull');
    assert.equal(await statusOf(registry, '/v2/', token), 200);
    assert.equal(await statusOf(registry, '/v2/team/app/tags/list', token), 404);
    assert.equal(await statusOf(registry, '/v2/team/other/tags/list', token), 401);
    assert.equal(await statusOf(registry, '/v2/team/app/blobs/uploads/', token, 'POST'), 401);
    const refused = await fetch(registry.url('/v2/team/app/blobs/uploads/'), {
      method: 'POST',
      headers: bearer(token),
    });
    assert.match(refused.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/);
  });

  it('too small for a mount: both repositories are asked for', async () => {
    await using registry = await guardedRegistry();
    const mount = async (token: string, from: string): Promise<Response> =>
      fetch(registry.url(`/v2/team/b/blobs/uploads/?mount=${digestOf('x')}&from=${from}`), {
        method: 'POST',
        headers: bearer(token),
      });
    const small = await tokenFor(registry, 'repository:team/b:pull,push');
    const refused = await mount(small, 'team/a');
    assert.equal(refused.status, 401);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /scope="repository:team\/b:pull,push repository:team\/a:pull",error="insufficient_scope"/,
    );
    assert.equal((await mount(small, 'other/a')).status, 202, 'where the user may not pull');
    const both = 'repository:team/b:pull,push repository:team/a:pull';
    assert.equal((await mount(await tokenFor(registry, both), 'team/a')).status, 202);
  });

  it('does not grant what the rules do not, however much is asked for', async () => {
    await using registry = await guardedRegistry();
    const token = await tokenFor(registry, 'repository:other/app:pull,push,delete');
    assert.equal(await statusOf(registry, '/v2/other/app/tags/list', token), 403);
    const all = await tokenFor(registry, 'repository:team/app:*');
    assert.equal(await statusOf(registry, '/v2/team/app/blobs/uploads/', all, 'POST'), 202);
    assert.equal(await statusOf(registry, '/v2/team/app/manifests/v1', all, 'DELETE'), 403);
  });

  it('has several scopes, in one parameter or in several', async () => {
    await using registry = await guardedRegistry();
    const token = await tokenFor(registry, 'repository:team/a:pull repository:team/b:pull');
    assert.equal(await statusOf(registry, '/v2/team/a/tags/list', token), 404);
    assert.equal(await statusOf(registry, '/v2/team/b/tags/list', token), 404);
  });

  it('for nobody: only where somebody who does not sign in may pull something', async () => {
    await using registry = await guardedRegistry();
    const reply = (await (await ask(registry, ['repository:pub/app:pull'])).json()) as TokenReply;
    assert.equal(await statusOf(registry, '/v2/pub/app/tags/list', reply.token), 404);
    assert.equal(await statusOf(registry, '/v2/team/app/tags/list', reply.token), 401);
    await using closed = await guardedRegistry({});
    assert.equal((await ask(closed, ['repository:pub/app:pull'])).status, 401);
  });

  it('of another registry is refused, and one that was tampered with', async () => {
    await using registry = await guardedRegistry();
    await using other = await guardedRegistry();
    const token = await tokenFor(other, 'repository:team/app:pull');
    assert.equal(await statusOf(registry, '/v2/', token), 401);
    const own = await tokenFor(registry, 'repository:team/app:pull');
    const [head = '', body = '', signature = ''] = own.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'ana' })).toString('base64url');
    assert.equal(await statusOf(registry, '/v2/', `${head}.${forged}.${signature}`), 401);
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    assert.equal(await statusOf(registry, '/v2/', `${none}.${forged}.`), 401);
  });

  it('lasts as long as it is told to', async () => {
    await using registry = await guardedRegistry({ tokenSeconds: 1 });
    const token = await tokenFor(registry, 'repository:team/app:pull');
    const { exp, iat } = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    ) as { exp: number; iat: number };
    assert.equal(exp - iat, 1);
  });
});

describe('a refresh token', () => {
  it('gives access tokens until the password changes', async () => {
    await using registry = await guardedRegistry();
    const first = await form(registry, {
      grant_type: 'password',
      username: BOB[0],
      password: BOB[1],
      access_type: 'offline',
      service: 'slipway',
      scope: 'repository:team/app:pull',
    });
    const { refresh_token: refresh = '' } = (await first.json()) as TokenReply;
    assert.notEqual(refresh, '');
    const again = (): Promise<Response> =>
      form(registry, {
        grant_type: 'refresh_token',
        refresh_token: refresh,
        scope: 'repository:team/app:pull',
      });
    const { token } = (await (await again()).json()) as TokenReply;
    assert.equal(await statusOf(registry, '/v2/team/app/tags/list', token), 404);
    assert.equal(await statusOf(registry, '/v2/', refresh), 401, 'no access token itself');
    await setUser(join(registry.folder, 'users'), 'bob', 'another one');
    for (let look = 0; look < 1000 && (await again()).status === 200; look++) await sleep(20);
    assert.equal((await again()).status, 401);
  });

  it('is not given for a wrong password, nor for an unknown grant', async () => {
    await using registry = await guardedRegistry();
    const wrong = { grant_type: 'password', username: ANA[0], password: 'x' };
    assert.equal((await form(registry, wrong)).status, 401);
    assert.equal((await form(registry, { grant_type: 'magic' })).status, 400);
    const made = { grant_type: 'refresh_token', refresh_token: 'x.y.z' };
    assert.equal((await form(registry, made)).status, 401);
  });
});

describe('a token server', () => {
  it('its tokens count, with what they grant; the challenge leads to it', async () => {
    using folder = tempFolder();
    const keys = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' };
    writeFileSync(folder.at('jwks.json'), JSON.stringify({ keys: [jwk] }));
    const server = {
      realm: 'https://auth.test/token',
      service: 'images',
      issuer: 'auth.test',
      jwks: folder.at('jwks.json'),
    };
    await using registry = await guardedRegistry({ server });
    const sign = (issuer: string): Promise<string> =>
      new SignJWT({
        access: [{ type: 'repository', name: 'a/b', actions: ['pull'] }],
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer)
        .setSubject('carl')
        .setAudience('images')
        .setExpirationTime('5m')
        .sign(keys.privateKey);
    const token = await sign('auth.test');
    assert.equal(await statusOf(registry, '/v2/', token), 200);
    assert.equal(await statusOf(registry, '/v2/a/b/tags/list', token), 404);
    assert.equal(await statusOf(registry, '/v2/a/b/blobs/uploads/', token, 'POST'), 401);
    assert.equal(await statusOf(registry, '/v2/', await sign('other.test')), 401);
    const { headers } = await fetch(registry.url('/v2/'));
    assert.equal(
      headers.get('www-authenticate'),
      'Bearer realm="https://auth.test/token",service="images"',
    );
  });
});
