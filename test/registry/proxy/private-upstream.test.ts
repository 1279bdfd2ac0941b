/** Who may see what an upstream has: nobody who has not signed in, where it is asked with a password. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hash } from 'bcryptjs';
import { type AuthConfig, DEFAULT_CONFIG, type UpstreamConfig } from '#core/registry-config.ts';
import { closedRepositories } from '#engine/serve-proxy.ts';
import { openGuard } from '#registry/auth/open-guard.ts';
import { ANA, BOB, basic, clientAt, guardedRegistry } from '#test/helpers/guarded-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import {
  type ProxiedRegistry,
  proxiedRegistry,
  upstreamAt,
} from '#test/helpers/proxied-registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const [username, password] = BOB;
const WITH_PASSWORD = { credentials: { kind: 'password', username, password } } as const;

interface Private extends AsyncDisposable {
  readonly mirror: ProxiedRegistry;
  readonly digest: string;
  readonly layer: string;
}

/** A registry that lets bob see `team/**`, and a cache that asks it as bob; ana may sign in to the cache. */
async function privateChain(
  said: Partial<UpstreamConfig>,
  auth: Partial<AuthConfig>,
): Promise<Private> {
  const stack = new AsyncDisposableStack();
  const origin = stack.use(await guardedRegistry());
  const image = await sampleImage();
  await using remote = clientAt(origin.address, BOB, 'team/app');
  await putImage(remote, image, 'v1');
  const folder = join(stack.use(tempFolder()).path, 'registry');
  mkdirSync(folder);
  writeFileSync(join(folder, 'users'), `${ANA[0]}:${await hash(ANA[1], 4)}\n`);
  const upstream = upstreamAt(origin.address, 'up', said);
  const proxy = { upstreams: [upstream], ownNames: [] };
  const guard = openGuard(
    { auth: { ...DEFAULT_CONFIG.auth, ...auth } },
    { folder, isClosed: closedRepositories(proxy) },
  );
  assert.ok(guard);
  const mirror = stack.use(await proxiedRegistry([upstream], { guard }));
  const [layer] = image.layers;
  assert.ok(layer);
  return {
    mirror,
    digest: image.manifest.digest,
    layer: layer.digest,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function statusOf(mirror: ProxiedRegistry, path: string, headers = {}): Promise<number> {
  const response = await fetch(mirror.url(path), { headers });
  await response.arrayBuffer();
  return response.status;
}

describe('an upstream that is asked with a password', () => {
  it('is for those who sign in, though everybody may pull the rest; cached or not', async () => {
    await using at = await privateChain(WITH_PASSWORD, { anonymous: 'pull', scheme: 'basic' });
    const paths = [
      '/v2/up/team/app/manifests/v1',
      '/v2/team/app/manifests/v1?ns=up',
      '/v2/up/team/app/tags/list',
      `/v2/up/team/app/blobs/${at.layer}`,
      `/v2/up/team/app/referrers/${at.digest}`,
      `/v2/up/team/app/manifests/${at.digest}`,
      '/repo/up/team/app',
    ];
    for (const path of paths) assert.equal(await statusOf(at.mirror, path), 401, path);
    for (const path of paths) assert.equal(await statusOf(at.mirror, path, basic(ANA)), 200, path);
    for (const path of paths) assert.equal(await statusOf(at.mirror, path), 401, path);
    const catalog = await fetch(at.mirror.url('/v2/_catalog'));
    assert.deepEqual(await catalog.json(), { repositories: [] });
  });

  it('is open to all where its configuration says so', async () => {
    await using at = await privateChain(
      { ...WITH_PASSWORD, anonymous: 'pull' },
      { anonymous: 'pull', scheme: 'basic' },
    );
    assert.equal(await statusOf(at.mirror, '/v2/up/team/app/manifests/v1'), 200);
    assert.equal(await statusOf(at.mirror, `/v2/up/team/app/blobs/${at.layer}`), 200);
  });

  it('a blob of it is mounted by nobody who may not read it there', async () => {
    const rules = {
      groups: {},
      rules: [
        { repositories: 'up/**', users: ['ana'], actions: ['pull'] },
        { repositories: 'mine/**', users: ['anonymous'], actions: ['pull', 'push'] },
      ],
    } as const;
    await using at = await privateChain(WITH_PASSWORD, { rules, scheme: 'basic' });
    const path = `/v2/up/team/app/blobs/${at.layer}`;
    assert.equal(await statusOf(at.mirror, path, basic(ANA)), 200);
    const mount = at.mirror.url(`/v2/mine/app/blobs/uploads/?mount=${at.layer}`);
    assert.equal((await fetch(mount, { method: 'POST' })).status, 202);
  });

  it('a wrong password there is told as unknown, with what it is', async () => {
    const wrong = { credentials: { kind: 'password', username: 'bob', password: 'no' } } as const;
    await using at = await privateChain(wrong, { anonymous: 'pull', scheme: 'basic' });
    const response = await fetch(at.mirror.url('/v2/up/team/app/manifests/v1'), {
      headers: basic(ANA),
    });
    assert.equal(response.status, 404);
    const text = await response.text();
    assert.match(text, /upstream up: /);
    assert.doesNotMatch(text, /"no"/);
  });
});

describe('tokens for names of an upstream', () => {
  it('a token for the name asked for is enough where a rule finds it elsewhere', async () => {
    await using at = await privateChain({ ...WITH_PASSWORD, repositories: ['team/*'] }, {});
    await using client = clientAt(at.mirror.address, ANA, 'team/app');
    assert.equal((await client.resolve('v1')).digest, at.digest);
    await using byName = clientAt(at.mirror.address, ANA, 'up/team/app');
    assert.equal((await byName.resolve('v1')).digest, at.digest);
  });
});
