/** The pull-through cache as clients see it: names, tags that get old, upstreams that fail, pushes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { UpstreamConfig } from '#core/registry-config.ts';
import { type FaultyProxy, faultyProxy } from '#test/helpers/faulty-proxy.ts';
import { putImage, type SampleImage, sampleImage } from '#test/helpers/images.ts';
import {
  type ProxiedRegistry,
  proxiedRegistry,
  upstreamAt,
} from '#test/helpers/proxied-registry.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Chain extends AsyncDisposable {
  readonly origin: RegistryUnderTest;
  /** Between the two; tells what was asked. */
  readonly line: FaultyProxy;
  readonly mirror: ProxiedRegistry;
}

/** A registry, a line to it, and a cache in front of both as `up`. */
async function chain(said: Partial<UpstreamConfig> = {}): Promise<Chain> {
  const stack = new AsyncDisposableStack();
  const origin = stack.use(await temporaryRegistry());
  const line = stack.use(await faultyProxy(origin.address));
  const mirror = stack.use(await proxiedRegistry([upstreamAt(line.address, 'up', said)]));
  return { origin, line, mirror, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function push(address: string, repository: string, tag = 'v1'): Promise<SampleImage> {
  const image = await sampleImage();
  await using remote = remoteAt(address, { repository });
  await putImage(remote, image, tag);
  return image;
}

async function digestAt(registry: RegistryUnderTest, path: string): Promise<string> {
  const response = await fetch(registry.url(path));
  const body = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, body.toString());
  return digestOf(body);
}

async function refusal(registry: RegistryUnderTest, path: string, init: RequestInit = {}) {
  const response = await fetch(registry.url(path), init);
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  return { status: response.status, code: errors[0]?.code, message: errors[0]?.message ?? '' };
}

/** The requests on the line, without their faults. */
function asked(line: FaultyProxy): readonly string[] {
  return line.seen.map((request) => request.replace(/ pass$/, ''));
}

describe('the names of an upstream', () => {
  it('an image comes by its prefix, and the second time from here', async () => {
    await using at = await chain();
    const image = await push(at.origin.address, 'team/app');
    const [layer] = image.layers;
    assert.ok(layer);
    for (let time = 0; time < 2; time++) {
      assert.equal(
        await digestAt(at.mirror, '/v2/up/team/app/manifests/v1'),
        image.manifest.digest,
      );
      assert.equal(
        await digestAt(at.mirror, `/v2/up/team/app/blobs/${layer.digest}`),
        layer.digest,
      );
      assert.equal(
        await digestAt(at.mirror, `/v2/up/team/app/manifests/${image.manifest.digest}`),
        image.manifest.digest,
      );
    }
    assert.deepEqual(asked(at.line), [
      'GET /v2/team/app/manifests/v1',
      `GET /v2/team/app/blobs/${layer.digest}`,
    ]);
  });

  it('?ns= names it, and is told in the answer', async () => {
    await using at = await chain();
    const image = await push(at.origin.address, 'team/app');
    const response = await fetch(at.mirror.url('/v2/team/app/manifests/v1?ns=up'));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('oci-namespace'), 'up');
    assert.equal(response.headers.get('docker-content-digest'), image.manifest.digest);
  });

  it('?ns= of somebody unknown shows no local repository, one of our own names does', async () => {
    await using origin = await temporaryRegistry();
    const upstream = upstreamAt(origin.address, 'up');
    await using mirror = await proxiedRegistry([upstream], { ownNames: ['reg.example'] });
    const image = await push(mirror.address, 'team/app');
    const { status, code } = await refusal(mirror, '/v2/team/app/manifests/v1?ns=quay.io');
    assert.deepEqual({ status, code }, { status: 404, code: 'NAME_UNKNOWN' });
    assert.equal(
      await digestAt(mirror, '/v2/team/app/manifests/v1?ns=reg.example'),
      image.manifest.digest,
    );
  });

  it('a copy that was pushed answers for a registry that is no upstream', async () => {
    await using at = await chain();
    const image = await push(at.mirror.address, 'quay.io/team/app');
    assert.equal(
      await digestAt(at.mirror, '/v2/team/app/manifests/v1?ns=quay.io'),
      image.manifest.digest,
    );
  });

  it('a rule finds names without a prefix, and a local repository wins over it', async () => {
    await using at = await chain({ repositories: ['team/*', '/x-[0-9]+/'] });
    const theirs = await push(at.origin.address, 'team/app');
    const also = await push(at.origin.address, 'x-12');
    await push(at.origin.address, 'other/app');
    const ours = await push(at.mirror.address, 'mine/app');
    assert.equal(await digestAt(at.mirror, '/v2/team/app/manifests/v1'), theirs.manifest.digest);
    assert.equal(await digestAt(at.mirror, '/v2/x-12/manifests/v1'), also.manifest.digest);
    assert.equal(await digestAt(at.mirror, '/v2/mine/app/manifests/v1'), ours.manifest.digest);
    const { status } = await refusal(at.mirror, '/v2/other/app/manifests/v1');
    assert.equal(status, 404);
    // Pushed before there was an upstream: team/local is ours though the rule says team/*.
    const local = await sampleImage();
    const repository = at.mirror.store.repository({
      space: 'registry',
      name: 'team/local',
      lease: await at.mirror.store.lease({ purpose: 'test' }),
    });
    await putImage(repository, local, 'v1');
    await push(at.origin.address, 'team/local');
    assert.equal(await digestAt(at.mirror, '/v2/team/local/manifests/v1'), local.manifest.digest);
  });

  it('only what the upstream opens is asked for', async () => {
    await using at = await chain({ only: ['team/**'] });
    await push(at.origin.address, 'secret/app');
    const { status, code } = await refusal(at.mirror, '/v2/up/secret/app/manifests/v1');
    assert.deepEqual({ status, code }, { status: 404, code: 'NAME_UNKNOWN' });
    assert.deepEqual(asked(at.line), []);
  });

  it('a path in the URL goes before the names there', async () => {
    await using origin = await temporaryRegistry();
    const image = await push(origin.address, 'deep/er/app');
    const upstream = {
      ...upstreamAt(origin.address, 'up'),
      url: `http://${origin.address}/deep/er/`,
    };
    await using mirror = await proxiedRegistry([upstream]);
    assert.equal(await digestAt(mirror, '/v2/up/app/manifests/v1'), image.manifest.digest);
  });
});

describe('a tag of an upstream', () => {
  it('is believed for a while, then asked for by HEAD, and fetched when it moved', async () => {
    await using at = await chain({ freshMs: 60_000 });
    const first = await push(at.origin.address, 'app');
    const path = '/v2/up/app/manifests/v1';
    assert.equal(await digestAt(at.mirror, path), first.manifest.digest);
    const second = await push(at.origin.address, 'app');
    assert.equal(await digestAt(at.mirror, path), first.manifest.digest);
    at.mirror.later(61_000);
    assert.equal(await digestAt(at.mirror, path), second.manifest.digest);
    at.mirror.later(61_000);
    assert.equal(await digestAt(at.mirror, path), second.manifest.digest);
    assert.deepEqual(asked(at.line), [
      'GET /v2/app/manifests/v1',
      'HEAD /v2/app/manifests/v1',
      `GET /v2/app/manifests/${second.manifest.digest}`,
      'HEAD /v2/app/manifests/v1',
    ]);
    // What the tag was before is still here for who knows it.
    assert.equal(
      await digestAt(at.mirror, `/v2/up/app/manifests/${first.manifest.digest}`),
      first.manifest.digest,
    );
  });

  for (const fault of [500, 503, 429, 'cut'] as const) {
    it(`is shown as it was, with a warning, while the upstream answers ${fault}`, async () => {
      await using at = await chain({ freshMs: 0 });
      const image = await push(at.origin.address, 'app');
      const path = '/v2/up/app/manifests/v1';
      assert.equal(await digestAt(at.mirror, path), image.manifest.digest);
      at.line.decide = () => fault;
      const before = at.line.seen.length;
      const stale = await fetch(at.mirror.url(path));
      assert.equal(stale.status, 200);
      assert.equal(stale.headers.get('docker-content-digest'), image.manifest.digest);
      assert.match(stale.headers.get('warning') ?? '', /^299 - "up\/app:v1 is what it was/);
      assert.ok(at.line.seen.length > before);
      // The upstream is left alone for a moment.
      const after = at.line.seen.length;
      assert.equal((await fetch(at.mirror.url(path))).status, 200);
      assert.equal(at.line.seen.length, after);
      at.line.decide = () => 'pass';
      at.mirror.later(61_000);
      const fresh = await fetch(at.mirror.url(path));
      assert.equal(fresh.headers.get('warning'), null);
      assert.ok(at.line.seen.length > after);
      const figures = await at.mirror.metrics.text();
      assert.match(
        figures,
        /proxy_requests_total\{upstream="up",kind="manifest",result="stale"\} 2/,
      );
      assert.match(figures, /proxy_upstream_up\{upstream="up"\} 1/);
      assert.ok(at.mirror.log.some((line) => line.startsWith('proxy: up/app:v1 is what it was')));
    });
  }

  it('is shown as it was while nobody listens there; what is not here is a bad gateway', async () => {
    await using at = await chain({ freshMs: 0 });
    const image = await push(at.origin.address, 'app');
    await digestAt(at.mirror, '/v2/up/app/manifests/v1');
    await at.line.die();
    assert.equal(await digestAt(at.mirror, '/v2/up/app/manifests/v1'), image.manifest.digest);
    const { status, message } = await refusal(at.mirror, '/v2/up/app/manifests/v2');
    assert.equal(status, 502);
    assert.match(message, /^upstream up: .*connection refused/);
    const [layer] = image.layers;
    assert.equal((await refusal(at.mirror, `/v2/up/app/blobs/${layer?.digest}`)).status, 502);
    assert.match(await at.mirror.metrics.text(), /proxy_upstream_up\{upstream="up"\} 0/);
  });

  it('is shown as it was when the upstream takes the question and says nothing', async () => {
    await using at = await chain({ freshMs: 0 });
    const image = await push(at.origin.address, 'app');
    await digestAt(at.mirror, '/v2/up/app/manifests/v1');
    at.line.decide = () => 'silent';
    const stale = await fetch(at.mirror.url('/v2/up/app/manifests/v1'));
    assert.equal(stale.headers.get('docker-content-digest'), image.manifest.digest);
    assert.ok(stale.headers.has('warning'));
    assert.ok(at.mirror.log.some((line) => line.includes('did not answer within 5 seconds')));
  });

  it('is still known to be of the upstream after a restart', async () => {
    await using origin = await temporaryRegistry();
    using folder = tempFolder();
    const upstreams = [upstreamAt(origin.address, 'up', { freshMs: 0 })];
    const root = folder.at('store');
    await push(origin.address, 'app');
    {
      await using mirror = await proxiedRegistry(upstreams, { root });
      await digestAt(mirror, '/v2/up/app/manifests/v1');
    }
    const moved = await push(origin.address, 'app');
    await using mirror = await proxiedRegistry(upstreams, { root });
    assert.equal(await digestAt(mirror, '/v2/up/app/manifests/v1'), moved.manifest.digest);
  });

  it('ends when the upstream has it no longer; by digest it stays', async () => {
    await using at = await chain({ freshMs: 0 });
    const image = await push(at.origin.address, 'app');
    await push(at.origin.address, 'app', 'other');
    await digestAt(at.mirror, '/v2/up/app/manifests/v1');
    await fetch(at.origin.url('/v2/app/manifests/v1'), { method: 'DELETE' });
    const { status, code } = await refusal(at.mirror, '/v2/up/app/manifests/v1');
    assert.deepEqual({ status, code }, { status: 404, code: 'MANIFEST_UNKNOWN' });
    const { digest } = image.manifest;
    assert.equal(await digestAt(at.mirror, `/v2/up/app/manifests/${digest}`), digest);
  });

  it('that is not there is asked for once in ten seconds', async () => {
    await using at = await chain();
    await push(at.origin.address, 'app');
    for (let time = 0; time < 3; time++) {
      assert.equal((await refusal(at.mirror, '/v2/up/app/manifests/no')).status, 404);
    }
    assert.equal(at.line.seen.length, 1);
    at.mirror.later(11_000);
    await refusal(at.mirror, '/v2/up/app/manifests/no');
    assert.equal(at.line.seen.length, 2);
  });

  it('many clients at once are one question', async () => {
    await using at = await chain();
    const image = await push(at.origin.address, 'app');
    at.line.decide = () => 'slow';
    const digests = await Promise.all(
      Array.from({ length: 20 }, () => digestAt(at.mirror, '/v2/up/app/manifests/v1')),
    );
    assert.deepEqual(new Set(digests), new Set([image.manifest.digest]));
    assert.equal(at.line.seen.length, 1);
  });
});

describe('lists of an upstream', () => {
  it('tags are those of the upstream and those of here, and those from before while it is down', async () => {
    await using at = await chain({ freshMs: 0, push: true });
    await push(at.origin.address, 'app', 'a');
    await push(at.origin.address, 'app', 'c');
    await push(at.mirror.address, 'up/app', 'b');
    const url = at.mirror.url('/v2/up/app/tags/list');
    assert.deepEqual(await (await fetch(url)).json(), { name: 'up/app', tags: ['a', 'b', 'c'] });
    const page = await fetch(`${url}?n=1&last=a`);
    assert.deepEqual(await page.json(), { name: 'up/app', tags: ['b'] });
    assert.match(page.headers.get('link') ?? '', /last=b/);
    await at.line.die();
    const stale = await fetch(url);
    assert.deepEqual(await stale.json(), { name: 'up/app', tags: ['a', 'b', 'c'] });
    assert.match(stale.headers.get('warning') ?? '', /^299/);
  });

  it('referrers are those of the upstream and those of here, and those from before while it is down', async () => {
    await using at = await chain({ freshMs: 0, push: true });
    const image = await push(at.origin.address, 'app');
    const theirs = await refer(at.origin, 'app', image);
    const ours = await refer(at.mirror, 'up/app', image);
    const url = at.mirror.url(`/v2/up/app/referrers/${image.manifest.digest}`);
    assert.deepEqual(await referrersAt(url), new Set([theirs, ours]));
    await at.line.die();
    assert.deepEqual(await referrersAt(url), new Set([theirs, ours]));
  });
});

/** Pushes an artifact about an image. */
async function refer(registry: RegistryUnderTest, repository: string, subject: SampleImage) {
  const image = await sampleImage();
  const document = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as object;
  const { digest, mediaType, bytes } = subject.manifest;
  const about = { mediaType, digest, size: bytes.byteLength };
  const text = Buffer.from(JSON.stringify({ ...document, subject: about }));
  await using remote = remoteAt(registry.address, { repository });
  await putImage(remote, {
    ...image,
    manifest: { mediaType, digest: digestOf(text), bytes: text },
  });
  return digestOf(text);
}

async function referrersAt(url: string): Promise<ReadonlySet<string>> {
  const { manifests } = (await (await fetch(url)).json()) as { manifests: { digest: string }[] };
  return new Set(manifests.map(({ digest }) => digest));
}

describe('pushing to names of an upstream', () => {
  it('is refused, with the key that would allow it', async () => {
    await using at = await chain({ repositories: ['**'] });
    for (const name of ['up/app', 'anything']) {
      const begun = await refusal(at.mirror, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
      assert.deepEqual([begun.status, begun.code], [403, 'DENIED']);
      assert.match(begun.message, /push: true of the upstream up allows it/);
      const { manifest } = await sampleImage();
      const put = await refusal(at.mirror, `/v2/${name}/manifests/v1`, {
        method: 'PUT',
        body: manifest.bytes,
        headers: { 'content-type': manifest.mediaType },
      });
      assert.deepEqual([put.status, put.code], [403, 'DENIED']);
    }
  });

  it('where it is allowed, the tag is that of who pushed it from then on', async () => {
    await using at = await chain({ push: true, freshMs: 0 });
    await push(at.origin.address, 'app');
    await digestAt(at.mirror, '/v2/up/app/manifests/v1');
    const ours = await push(at.mirror.address, 'up/app');
    assert.equal(await digestAt(at.mirror, '/v2/up/app/manifests/v1'), ours.manifest.digest);
    at.mirror.later(3_600_000);
    assert.equal(await digestAt(at.mirror, '/v2/up/app/manifests/v1'), ours.manifest.digest);
  });

  it('an image on layers that only the upstream has can be pushed', async () => {
    await using at = await chain({ push: true });
    const theirs = await push(at.origin.address, 'app');
    await using remote = remoteAt(at.mirror.address, { repository: 'up/app' });
    // The client is told that the layers are here, so it sends the manifest alone.
    for (const { digest } of theirs.blobs) assert.ok(await remote.blobs.stat(digest));
    await remote.putManifest(theirs.manifest, { tag: 'mine' });
    await at.line.die();
    for (const { digest } of theirs.blobs) {
      assert.equal(await digestAt(at.mirror, `/v2/up/app/blobs/${digest}`), digest);
    }
  });
});

describe('registries that ask each other', () => {
  it('one that is its own upstream says so instead of asking for ever', async () => {
    await using line = await faultyProxy('');
    await using mirror = await proxiedRegistry([
      upstreamAt(line.address, 'up', { repositories: ['**'] }),
    ]);
    line.target = mirror.address;
    const { status, message } = await refusal(mirror, '/v2/app/manifests/v1');
    assert.equal(status, 502);
    assert.match(message, /this registry is its own upstream/);
    assert.ok(line.seen.length < 10, line.seen.join());
  });

  it('two in a circle find out, too', async () => {
    await using line = await faultyProxy('');
    const rule = { repositories: ['**'] };
    await using second = await proxiedRegistry([upstreamAt(line.address, 'up', rule)]);
    await using first = await proxiedRegistry([upstreamAt(second.address, 'up', rule)]);
    line.target = first.address;
    const { status, message } = await refusal(first, '/v2/app/manifests/v1');
    assert.equal(status, 502);
    assert.match(message, /this registry is its own upstream/);
  });

  it('a chain of them is no circle', async () => {
    await using origin = await temporaryRegistry();
    await using second = await proxiedRegistry([upstreamAt(origin.address, 'up')]);
    await using first = await proxiedRegistry([upstreamAt(second.address, 'second')]);
    const image = await push(origin.address, 'app');
    assert.equal(await digestAt(first, '/v2/second/up/app/manifests/v1'), image.manifest.digest);
  });
});
