/** Every endpoint without, with wrong, with too little and with enough permission. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { OCI_MANIFEST } from '#core/media-type.ts';
import {
  ANA,
  BOB,
  basic,
  bearer,
  clientAt,
  guardedRegistry,
} from '#test/helpers/guarded-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';

const BLOB = Buffer.from('0123456789');
const DIGEST = digestOf(BLOB);

/** Method, path, and what bob, who may pull and push but not delete, gets at `team/app`. */
const ENDPOINTS: readonly (readonly [method: string, path: string, bob: number])[] = [
  ['GET', '/v2/', 200],
  ['GET', '/v2/_catalog', 200],
  ['GET', '/v1/search?q=x', 200],
  ['GET', '/v1/_ping', 200],
  ['GET', '/v2/team/app/tags/list', 404],
  ['GET', `/v2/team/app/referrers/${DIGEST}`, 200],
  ['GET', '/v2/team/app/manifests/v1', 404],
  ['HEAD', '/v2/team/app/manifests/v1', 404],
  ['GET', `/v2/team/app/blobs/${DIGEST}`, 404],
  ['HEAD', `/v2/team/app/blobs/${DIGEST}`, 404],
  ['PUT', '/v2/team/app/manifests/v1', 400],
  ['POST', '/v2/team/app/blobs/uploads/', 202],
  ['PATCH', '/v2/team/app/blobs/uploads/none', 404],
  ['PUT', `/v2/team/app/blobs/uploads/none?digest=${DIGEST}`, 404],
  ['GET', '/v2/team/app/blobs/uploads/none', 404],
  ['DELETE', '/v2/team/app/blobs/uploads/none', 404],
  ['DELETE', '/v2/team/app/manifests/v1', 403],
  ['DELETE', `/v2/team/app/manifests/${DIGEST}`, 403],
  ['DELETE', `/v2/team/app/blobs/${DIGEST}`, 403],
];

/** Anybody may ask these, since anybody may pull something. */
const FOR_ALL = new Set(['/v2/_catalog', '/v1/search?q=x']);

describe('each endpoint', () => {
  for (const [method, path, bob] of ENDPOINTS) {
    it(`${method} ${path}`, async () => {
      await using registry = await guardedRegistry();
      const status = async (headers: Record<string, string>, at = path): Promise<number> =>
        (await fetch(registry.url(at), { method, headers })).status;
      assert.equal(await status({}), FOR_ALL.has(path) ? 200 : 401, 'without');
      assert.equal(await status(basic(['bob', 'wrong'])), 401, 'wrong password');
      assert.equal(await status(basic(['nobody', 'pass:word'])), 401, 'unknown user');
      assert.equal(await status(bearer('x.y.z')), 401, 'a token of somebody else');
      assert.equal(await status({ authorization: 'Digest x' }), 401, 'an unknown scheme');
      assert.equal(await status(basic(BOB)), bob, 'bob at his own');
      if (path.includes('/team/')) {
        assert.equal(await status(basic(BOB), path.replace('/team/', '/other/')), 403, 'elsewhere');
      }
    });
  }

  it('health needs nothing', async () => {
    await using registry = await guardedRegistry();
    assert.equal((await fetch(registry.url('/healthz'))).status, 200);
  });
});

describe('what is shown', () => {
  it('a public repository to everybody, for pulling only', async () => {
    await using registry = await guardedRegistry();
    await pushAs(registry.address, ANA, 'pub/app');
    const url = registry.url('/v2/pub/app/manifests/v1');
    assert.equal((await fetch(url)).status, 200);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 401);
    assert.equal((await fetch(url, { method: 'DELETE', headers: basic(BOB) })).status, 403);
    assert.equal((await fetch(url, { method: 'DELETE', headers: basic(ANA) })).status, 202);
  });

  it('catalogue and search name only what may be pulled, page by page', async () => {
    await using registry = await guardedRegistry();
    for (const name of ['other/a', 'pub/a', 'team/a', 'team/b']) {
      await pushAs(registry.address, ANA, name);
    }
    const catalog = async (headers: Record<string, string>, query = ''): Promise<unknown> => {
      const response = await fetch(registry.url(`/v2/_catalog${query}`), { headers });
      return ((await response.json()) as { repositories: unknown }).repositories;
    };
    assert.deepEqual(await catalog({}), ['pub/a']);
    assert.deepEqual(await catalog(basic(BOB)), ['pub/a', 'team/a', 'team/b']);
    assert.deepEqual(await catalog(basic(BOB), '?n=1'), ['pub/a']);
    assert.deepEqual(await catalog(basic(BOB), '?n=1&last=pub/a'), ['team/a']);
    assert.deepEqual(await catalog(basic(ANA), '?n=2'), ['other/a', 'pub/a']);
    const search = await fetch(registry.url('/v1/search?q=a'), { headers: basic(BOB) });
    assert.equal(((await search.json()) as { num_results: number }).num_results, 2 + 1);
  });

  it('a token for the catalogue lists what its user may pull, and opens none of it', async () => {
    await using registry = await guardedRegistry();
    for (const name of ['other/a', 'team/a']) await pushAs(registry.address, ANA, name);
    const scope = encodeURIComponent('registry:catalog:*');
    const given = await fetch(registry.url(`/token?scope=${scope}`), { headers: basic(BOB) });
    const { token } = (await given.json()) as { token: string };
    const get = (path: string) => fetch(registry.url(path), { headers: bearer(token) });
    const catalog = await get('/v2/_catalog');
    assert.deepEqual(await catalog.json(), { repositories: ['team/a'] });
    assert.equal((await get('/v2/team/a/tags/list')).status, 401);
  });

  it('a blob is mounted only from where its client may read', async () => {
    await using registry = await guardedRegistry();
    await pushBlob(registry, 'other/app');
    const mount = (from: string): Promise<Response> =>
      fetch(registry.url(`/v2/team/app/blobs/uploads/?mount=${DIGEST}${from}`), {
        method: 'POST',
        headers: basic(BOB),
      });
    assert.equal((await mount('&from=other/app')).status, 202);
    assert.equal((await mount('')).status, 202);
    const blob = registry.url(`/v2/team/app/blobs/${DIGEST}`);
    assert.equal((await fetch(blob, { headers: basic(BOB) })).status, 404);
    await pushBlob(registry, 'team/base');
    assert.equal((await mount('&from=team/base')).status, 201);
    assert.equal((await fetch(blob, { headers: basic(BOB) })).status, 200);
  });
});

describe('keys', () => {
  it('are passwords and tokens, and do no more than they may', async () => {
    await using registry = await guardedRegistry();
    await pushAs(registry.address, ANA, 'team/app');
    for (const headers of [basic(['any', registry.pullKey]), bearer(registry.pullKey)]) {
      const pulled = await fetch(registry.url('/v2/team/app/manifests/v1'), { headers });
      assert.equal(pulled.status, 200);
      const pushed = await fetch(registry.url('/v2/team/app/blobs/uploads/'), {
        method: 'POST',
        headers,
      });
      assert.equal(pushed.status, 403);
      assert.match(await pushed.text(), /this key of ana may not push team\/app/);
    }
  });
});

describe('guessing', () => {
  it('ends after some wrong passwords from an address, also for the right one, but not for those who were in', async () => {
    await using registry = await guardedRegistry();
    const status = async (credentials: readonly [string, string]): Promise<Response> =>
      await fetch(registry.url('/v2/'), { headers: basic(credentials) });
    assert.equal((await status(BOB)).status, 200);
    let limited: Response | undefined;
    for (let guess = 0; guess < 40 && limited === undefined; guess++) {
      const response = await status(['ana', `guess ${guess}`]);
      if (response.status === 429) limited = response;
    }
    assert.ok(limited, 'never limited');
    assert.match(limited.headers.get('retry-after') ?? '', /^\d+$/);
    assert.equal((await status(ANA)).status, 429);
    assert.equal((await status(BOB)).status, 200);
  });
});

type Registry = Awaited<ReturnType<typeof guardedRegistry>>;

async function pushAs(
  address: string,
  user: readonly [string, string],
  repository: string,
): Promise<void> {
  await using remote = clientAt(address, user, repository);
  await putImage(remote, await sampleImage(), 'v1');
}

async function pushBlob(registry: Registry, name: string): Promise<void> {
  const url = registry.url(`/v2/${name}/blobs/uploads/?digest=${DIGEST}`);
  const response = await fetch(url, { method: 'POST', body: BLOB, headers: basic(ANA) });
  assert.equal(response.status, 201);
}

it('a manifest cannot link blobs of a repository that its client may not read', async () => {
  await using registry = await guardedRegistry();
  const image = await sampleImage();
  await using remote = clientAt(registry.address, ANA, 'other/app');
  await putImage(remote, image, 'v1');
  const response = await fetch(registry.url('/v2/team/app/manifests/v1'), {
    method: 'PUT',
    body: image.manifest.bytes,
    headers: { ...basic(BOB), 'content-type': OCI_MANIFEST },
  });
  assert.equal(response.status, 404);
});
