/** What the server refuses and does by its rules: immutable and protected tags, quotas, times of pulls, upkeep. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { QuotaConfig, TagRule } from '#core/registry-config.ts';
import { PullTimes } from '#registry/operations/pull-times.ts';
import { Quota } from '#registry/operations/quota.ts';
import { tagJudge } from '#registry/operations/tag-rules.ts';
import { Upkeep } from '#registry/operations/upkeep.ts';
import type { NotedPull } from '#registry/provider.ts';
import { serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import { putImage, type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const RULES: readonly TagRule[] = [
  { repositories: 'team/**', tags: '/v\\d+/', isImmutable: true, isProtected: false },
  { repositories: '**', tags: 'stable', isImmutable: false, isProtected: true },
];

async function push(address: string, repository: string, tag: string): Promise<SampleImage> {
  await using remote = remoteAt(address, { repository });
  const image = await sampleImage({ layers: 1 });
  await putImage(remote, image, tag);
  return image;
}

async function put(url: string, { manifest }: SampleImage) {
  const headers = { 'content-type': manifest.mediaType };
  const response = await fetch(url, { method: 'PUT', headers, body: Buffer.from(manifest.bytes) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function errorOf(response: Response) {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  return { status: response.status, ...errors[0] };
}

describe('an immutable tag', () => {
  it('takes the same again, and nothing else; other tags move', async () => {
    await using registry = await temporaryRegistry({ tagJudge: tagJudge(RULES) });
    const first = await push(registry.address, 'team/app', 'v1');
    const second = await push(registry.address, 'team/app', 'latest');
    const url = (tag: string) => registry.url(`/v2/team/app/manifests/${tag}`);
    assert.equal((await put(url('v1'), first)).status, 201);
    const refused = await put(url('v1'), second);
    assert.equal(refused.status, 409);
    assert.deepEqual(refused.body.errors, [
      {
        code: 'DENIED',
        message: `tag v1 of team/app is immutable and points to ${first.manifest.digest}`,
      },
    ]);
    assert.equal((await put(url('latest'), first)).status, 201);
    const now = await fetch(url('v1'), { method: 'HEAD' });
    assert.equal(now.headers.get('docker-content-digest'), first.manifest.digest);
  });

  it('is deleted by who may delete', async () => {
    await using registry = await temporaryRegistry({ tagJudge: tagJudge(RULES) });
    await push(registry.address, 'team/app', 'v1');
    const url = registry.url('/v2/team/app/manifests/v1');
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
  });
});

describe('a protected tag', () => {
  it('goes neither by its name nor with its manifest', async () => {
    await using registry = await temporaryRegistry({ tagJudge: tagJudge(RULES) });
    const { manifest } = await push(registry.address, 'app', 'stable');
    for (const reference of ['stable', manifest.digest]) {
      const url = registry.url(`/v2/app/manifests/${reference}`);
      assert.deepEqual(await errorOf(await fetch(url, { method: 'DELETE' })), {
        status: 409,
        code: 'DENIED',
        message: 'tag stable of app is protected: it cannot be deleted',
      });
    }
    await push(registry.address, 'app', 'stable');
    const url = registry.url(`/v2/app/manifests/${manifest.digest}`);
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
  });
});

async function registryWithQuota(config: QuotaConfig) {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await temporaryStore());
  const provider = stack.use(await storeProvider(store));
  assert.ok(provider.care);
  const quota = new Quota(provider.care, config);
  const server = stack.use(
    await serveRegistry({ provider, quota, address: '127.0.0.1:0', closeGraceMs: 100 }),
  );
  return {
    store,
    address: server.address,
    upload: (repository: string, bytes: Buffer) =>
      fetch(`http://${server.address}/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, {
        method: 'POST',
        body: Uint8Array.from(bytes),
      }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe('a quota', () => {
  const bytes = (size: number, fill: number) => Buffer.alloc(size, fill);

  it('of a repository refuses what is too much, with figures; the first rule that matches counts', async () => {
    await using registry = await registryWithQuota({
      rules: [
        { repositories: 'team/*', bytes: 1000 },
        { repositories: '**', bytes: 1 },
      ],
    });
    assert.equal((await registry.upload('team/a', bytes(600, 1))).status, 201);
    assert.deepEqual(await errorOf(await registry.upload('team/a', bytes(401, 2))), {
      status: 403,
      code: 'DENIED',
      message: 'quota exceeded: team/a holds 600B of 1000B, and 401B more do not fit',
      detail: { used: 600, limit: 1000, requested: 401 },
    });
    assert.equal((await registry.upload('team/a', bytes(400, 2))).status, 201);
    assert.equal((await registry.upload('team/b', bytes(1000, 3))).status, 201);
    assert.equal((await registry.upload('x', bytes(2, 4))).status, 403);
  });

  it('in total counts each blob once', async () => {
    await using registry = await registryWithQuota({ totalBytes: 1000, rules: [] });
    for (const name of ['a', 'b', 'c']) {
      assert.equal((await registry.upload(name, bytes(500, 1))).status, 201);
    }
    const { status, message } = await errorOf(await registry.upload('a', bytes(501, 2)));
    assert.equal(status, 403);
    assert.equal(
      message,
      'quota exceeded: the registry holds 500B of 1000B, and 501B more do not fit',
    );
  });

  it('stops a body of unknown length when too much has come, and a mount', async () => {
    await using registry = await registryWithQuota({
      rules: [{ repositories: 'small', bytes: 100 }],
    });
    const base = `http://${registry.address}/v2/small/blobs/uploads/`;
    const begun = await fetch(base, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', base);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes(60, 1));
        controller.enqueue(bytes(60, 2));
        controller.close();
      },
    });
    const patched = await fetch(location, { method: 'PATCH', body, duplex: 'half' });
    assert.equal((await errorOf(patched)).status, 403);
    await registry.upload('other', bytes(101, 5));
    const mount = `${base}?mount=${digestOf(bytes(101, 5))}&from=other`;
    assert.equal((await errorOf(await fetch(mount, { method: 'POST' }))).status, 403);
    assert.equal(registry.store.served.usage('small'), 0);
  });

  it('is free again at once when a manifest is deleted, before gc', async () => {
    await using registry = await registryWithQuota({
      rules: [{ repositories: '**', bytes: 4000 }],
    });
    const image = await push(registry.address, 'app', 'v1');
    assert.equal((await registry.upload('app', bytes(3000, 1))).status, 403);
    const url = `http://${registry.address}/v2/app/manifests/${image.manifest.digest}`;
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
    assert.equal((await registry.upload('app', bytes(3000, 1))).status, 201);
  });
});

describe('times of pulls', () => {
  it('are written in one go, the last of each manifest', async () => {
    const written: (readonly NotedPull[])[] = [];
    const digest = digestOf('x');
    const care = { notePulls: async (pulls: readonly NotedPull[]) => void written.push(pulls) };
    {
      await using times = new PullTimes(care);
      const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 };
      times.take({ action: 'pull', repository: 'app', target });
      times.take({ action: 'pull', repository: 'app', target });
      times.take({ action: 'push', repository: 'app', target });
      const blob = { ...target, mediaType: 'application/octet-stream' };
      times.take({ action: 'pull', repository: 'app', target: blob });
      assert.equal(written.length, 0);
    }
    assert.equal(written.length, 1);
    assert.deepEqual(
      written[0]?.map(({ repository, ...pull }) => [repository, pull.digest]),
      [['app', digest]],
    );
  });
});

describe('upkeep', () => {
  it('repeats its tasks, tells failures, and stops what runs when it is disposed', async () => {
    const lines: string[] = [];
    const failed = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let aborted = false;
    let runs = 0;
    const upkeep = new Upkeep(
      [
        {
          name: 'gc',
          intervalMs: 1,
          run: async () => {
            runs += 1;
            if (runs === 1) throw new Error('once');
            if (runs === 3) failed.resolve();
            return runs === 2 ? 'removed 3' : undefined;
          },
        },
        {
          name: 'scrub',
          intervalMs: 1,
          run: async (signal) => {
            begun.resolve();
            await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
            aborted = true;
            throw signal.reason;
          },
        },
      ],
      (line) => void lines.push(line),
    );
    await Promise.all([failed.promise, begun.promise]);
    await upkeep[Symbol.asyncDispose]();
    assert.ok(aborted);
    assert.match(lines[0] ?? '', /^error: gc: Error: once/);
    assert.equal(lines[1], 'gc: removed 3');
    assert.equal(lines.length, 2);
  });
});
