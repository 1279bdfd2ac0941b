/** Events, webhooks, figures and the room on the disk, as those who run a registry meet them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { EventOrigin, RegistryEvent } from '#registry/operations/events.ts';
import { DiskHeadroom } from '#registry/operations/headroom.ts';
import { registryMetrics } from '#registry/operations/metrics.ts';
import { Webhook } from '#registry/operations/webhooks.ts';
import { until } from '#test/helpers/fault-site.ts';
import { ANA, basic, guardedRegistry } from '#test/helpers/guarded-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const BLOB = Buffer.from('0123456789');
const DIGEST = digestOf(BLOB);
const MIB = 1024 * 1024;

describe('events', () => {
  it('pushes, pulls, mounts and deletes, with what and by whom', async () => {
    const seen: (RegistryEvent & EventOrigin)[] = [];
    await using registry = await temporaryRegistry({
      listeners: [(event, origin) => void seen.push({ ...event, ...origin })],
    });
    const image = await sampleImage({ layers: 1 });
    await using remote = remoteAt(registry.address, { repository: 'app' });
    await putImage(remote, image, 'v1');
    const pushed = seen.filter(({ action }) => action === 'push');
    assert.deepEqual(
      pushed.map(({ target, tag }) => [target?.digest, tag]),
      [...image.blobs.map(({ digest }) => [digest, undefined]), [image.manifest.digest, 'v1']],
    );
    seen.length = 0;
    await fetch(registry.url('/v2/app/manifests/v1'), { method: 'HEAD' });
    await fetch(registry.url('/v2/app/manifests/v1'));
    await fetch(registry.url('/v2/app/manifests/v1'), { headers: { 'if-none-match': '*' } });
    await fetch(registry.url(`/v2/app/blobs/${image.layers[0]?.digest}`));
    const mount = `/v2/other/blobs/uploads/?mount=${image.layers[0]?.digest}&from=app`;
    await fetch(registry.url(mount), { method: 'POST' });
    await fetch(registry.url('/v2/app/manifests/v1'), { method: 'DELETE' });
    await fetch(registry.url(`/v2/app/manifests/${image.manifest.digest}`), { method: 'DELETE' });
    await fetch(registry.url('/v2/app/manifests/none'), { method: 'DELETE' });
    assert.deepEqual(
      seen.map(({ action, repository, tag, target }) => [action, repository, tag, target?.digest]),
      [
        ['pull', 'app', 'v1', image.manifest.digest],
        ['pull', 'app', undefined, image.layers[0]?.digest],
        ['mount', 'other', undefined, image.layers[0]?.digest],
        ['delete', 'app', 'v1', undefined],
        ['delete', 'app', undefined, image.manifest.digest],
      ],
    );
    assert.equal(seen[2]?.fromRepository, 'app');
    assert.equal(seen[0]?.remoteAddress, '127.0.0.1');
  });
});

interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly action: string;
    readonly target: { readonly tag?: string; readonly url?: string };
    readonly actor: { readonly name?: string };
  }[];
}

/** Answers each request with the next status, then with 200. */
async function receiver(statuses: number[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { events } = JSON.parse(Buffer.concat(chunks).toString()) as Received;
    received.push({ headers: request.headers, events });
    response.writeHead(statuses.shift() ?? 200).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound);
  return {
    url: `http://127.0.0.1:${bound.port}/hook`,
    received,
    [Symbol.dispose]: () => void server.close(),
  };
}

const EVENT: RegistryEvent = {
  action: 'push',
  repository: 'team/app',
  target: { mediaType: 'x', digest: DIGEST, size: 10 },
  tag: 'v1',
};
const ORIGIN: EventOrigin = {
  requestId: '1',
  remoteAddress: '127.0.0.1',
  host: 'registry.test',
  method: 'PUT',
  userAgent: 'docker',
  user: 'ana',
};

describe('webhooks', () => {
  const config = (url: string) => ({
    url,
    headers: { authorization: 'Bearer x' },
    events: ['push'],
    repositories: 'team/*',
  });

  it('get the envelope of docker’s registry, for what they asked for', async () => {
    using peer = await receiver([]);
    {
      await using hook = new Webhook(config(peer.url));
      hook.take({ ...EVENT, action: 'pull' }, ORIGIN);
      hook.take({ ...EVENT, repository: 'other/app' }, ORIGIN);
      hook.take(EVENT, ORIGIN);
    }
    assert.equal(peer.received.length, 1);
    const [{ headers, events }] = peer.received as [Received];
    assert.equal(headers['content-type'], 'application/vnd.docker.distribution.events.v1+json');
    assert.equal(headers.authorization, 'Bearer x');
    assert.equal(events[0]?.action, 'push');
    assert.equal(events[0]?.target.tag, 'v1');
    assert.equal(events[0]?.target.url, `registry.test/v2/team/app/manifests/${DIGEST}`);
    assert.deepEqual(events[0]?.actor, { name: 'ana' });
  });

  it('are tried again, later and later, and get each event once, in order', async () => {
    using peer = await receiver([500, 429]);
    // The first two requests are refused.
    const taken = () => peer.received.slice(2).flatMap(({ events }) => events);
    const pauses: number[] = [];
    const log: string[] = [];
    {
      await using hook = new Webhook(config(peer.url), {
        pause: async (ms) => void pauses.push(ms),
        log: (line) => void log.push(line),
      });
      hook.take(EVENT, ORIGIN);
      hook.take({ ...EVENT, tag: 'v2' }, ORIGIN);
      await until('both were taken', () => taken().length === 2);
    }
    assert.deepEqual(
      taken().map(({ target }) => target.tag),
      ['v1', 'v2'],
    );
    assert.deepEqual(pauses, [1000, 2000]);
    assert.match(log[0] ?? '', /answered 500; \d events wait/);
  });

  it('a receiver that is not there holds nothing up', async () => {
    const gone = await receiver([]);
    gone[Symbol.dispose]();
    const log: string[] = [];
    const hook = new Webhook(config(gone.url), { log: (line) => void log.push(line) });
    hook.take(EVENT, ORIGIN);
    await hook[Symbol.asyncDispose]();
    assert.match(log[0] ?? '', /ECONNREFUSED; 1 events wait/);
  });
});

describe('figures', () => {
  it('count requests by endpoint, and events', async () => {
    await using registry = await temporaryRegistry({ metrics: registryMetrics() });
    await using remote = remoteAt(registry.address, { repository: 'app' });
    await putImage(remote, await sampleImage(), 'v1');
    await fetch(registry.url('/v2/app/manifests/v1'));
    await fetch(registry.url('/v2/app/manifests/none'));
    const response = await fetch(registry.url('/metrics'));
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const row = 'slipway_registry_requests_total{endpoint="manifest",method="GET"';
    assert.ok(text.includes(`${row},status="200"} 1`), text);
    assert.ok(text.includes(`${row},status="404"} 1`));
    assert.ok(text.includes('slipway_registry_events_total{action="pull"} 1'));
    assert.match(text, /slipway_registry_request_seconds_bucket\{le="\+Inf",endpoint="manifest"/);
  });

  it('are for those who sign in, where sign-in is asked; absent unless wanted', async () => {
    await using plain = await temporaryRegistry();
    assert.equal((await fetch(plain.url('/metrics'))).status, 404);
    await using registry = await guardedRegistry();
    assert.equal((await fetch(registry.url('/metrics'))).status, 401);
    const signedIn = await fetch(registry.url('/metrics'), { headers: basic(ANA) });
    assert.equal(signedIn.status, 404);
  });
});

describe('room on the disk', () => {
  it('enough: ready, and no word about it; too little: 503, and a warning for who pushes', async () => {
    using folder = tempFolder();
    for (const [needed, status] of [
      [MIB, 200],
      [Number.MAX_SAFE_INTEGER, 503],
    ] as const) {
      await using registry = await temporaryRegistry({
        headroom: new DiskHeadroom(folder.path, needed),
      });
      assert.equal((await fetch(registry.url('/healthz'))).status, 200);
      assert.equal((await fetch(registry.url('/readyz'))).status, status);
      const image = await sampleImage({ layers: 1 });
      await using remote = remoteAt(registry.address, { repository: 'app' });
      await putImage(remote, image, 'v1');
      const response = await fetch(registry.url('/v2/app/manifests/v2'), {
        method: 'PUT',
        body: image.manifest.bytes,
        headers: { 'content-type': image.manifest.mediaType },
      });
      const warning = response.headers.get('warning') ?? '';
      assert.equal(
        /^299 - "the registry's disk is nearly full: \d+ MiB free"$/.test(warning),
        status === 503,
      );
    }
  });
});
