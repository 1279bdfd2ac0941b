/** Which mirror is asked for what, in which order, and what becomes of its failures. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import type { HostPlan } from '#remote/registries/plan.ts';
import { collect, imageOf } from '#test/helpers/images.ts';
import { hostPlan, remoteTo } from '#test/helpers/registry.ts';
import {
  type ScriptedAnswer,
  type ScriptedExchange,
  scriptedPeer,
} from '#test/helpers/scripted-peer.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const MANIFEST = imageOf([]).manifest;
const FOUND = { status: 200, body: BYTES };
const MANIFEST_FOUND = {
  status: 200,
  headers: { 'content-type': MANIFEST.mediaType },
  body: MANIFEST.bytes,
};

const get = (path: string, answer: ScriptedAnswer): ScriptedExchange => ({
  method: 'GET',
  path,
  answer,
});
const blobOf = (repository: string): string => `/v2/${repository}/blobs/${DIGEST}`;

const mirror = (registry: string, more: Partial<HostPlan> = {}): HostPlan =>
  hostPlan({ role: 'mirror', registry, repository: 'hub/app', ...more });

describe('mirrors', () => {
  it('the first that has it answers; the registry is not asked', async () => {
    await using first = await scriptedPeer([get(blobOf('hub/app'), { status: 404 })]);
    await using second = await scriptedPeer([get(blobOf('hub/app'), FOUND)]);
    await using registry = await scriptedPeer([]);
    const hosts = [first, second].map(({ address }) => mirror(address));
    await using remote = remoteTo([
      ...hosts,
      hostPlan({ registry: registry.address, repository: 'app' }),
    ]);
    assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
  });

  it('a push asks what the registry itself has, not what a mirror has', async () => {
    await using mirroring = await scriptedPeer([]);
    await using registry = await scriptedPeer([
      { method: 'HEAD', path: blobOf('app'), answer: { status: 404 } },
    ]);
    await using remote = remoteTo(
      [mirror(mirroring.address), hostPlan({ registry: registry.address, repository: 'app' })],
      { forPush: true },
    );
    assert.equal(await remote.blobs.stat(DIGEST), undefined);
  });

  const FAILURES: readonly (readonly [name: string, answer: ScriptedAnswer, told: RegExp])[] = [
    ['a refusal', { status: 403 }, /mirror .*: 403; the next is asked/],
    ['a request for credentials', { status: 401 }, /mirror .*: 401; the next is asked/],
    ['an error that does not pass', { status: 501 }, /mirror .*: 501; the next is asked/],
  ];
  for (const [name, answer, told] of FAILURES) {
    it(`${name}: the registry is asked, and a note tells why`, async () => {
      await using broken = await scriptedPeer([get(blobOf('hub/app'), answer)]);
      await using registry = await scriptedPeer([get(blobOf('app'), FOUND)]);
      const events: Event[] = [];
      await using remote = remoteTo(
        [mirror(broken.address), hostPlan({ registry: registry.address, repository: 'app' })],
        {
          events: (event) => void events.push(event),
        },
      );
      assert.deepEqual(await collect(remote.blobs.read(DIGEST)), BYTES);
      assert.equal(events.length, 1);
      assert.match(JSON.stringify(events), told);
    });
  }

  it('one that cannot be reached is asked once, not for every blob', async () => {
    const events: Event[] = [];
    await using registry = await scriptedPeer([
      get(blobOf('app'), FOUND),
      get(blobOf('app'), FOUND),
    ]);
    await using remote = remoteTo(
      [mirror('127.0.0.1:1'), hostPlan({ registry: registry.address, repository: 'app' })],
      {
        events: (event) => void events.push(event),
      },
    );
    await collect(remote.blobs.read(DIGEST));
    await collect(remote.blobs.read(DIGEST));
    assert.equal(events.filter(({ kind }) => kind === 'note').length, 1);
  });

  it('what resolves no tags is asked for digests only, and hears for whom', async () => {
    await using cache = await scriptedPeer([
      get(`/v2/hub/app/manifests/${MANIFEST.digest}?ns=docker.io`, MANIFEST_FOUND),
      get(`${blobOf('hub/app')}?ns=docker.io`, FOUND),
    ]);
    await using registry = await scriptedPeer([get('/v2/app/manifests/latest', MANIFEST_FOUND)]);
    await using remote = remoteTo([
      mirror(cache.address, { resolvesTags: false, namespace: 'docker.io' }),
      hostPlan({ registry: registry.address, repository: 'app' }),
    ]);
    await remote.getManifest('latest');
    await remote.getManifest(MANIFEST.digest);
    await collect(remote.blobs.read(DIGEST));
  });

  it('lists of tags, uploads and deletions are the registry’s alone', async () => {
    await using cache = await scriptedPeer([]);
    await using registry = await scriptedPeer([
      get('/v2/app/tags/list', { status: 200, body: '{"tags": ["1"]}' }),
      { method: 'POST', path: /^\/v2\/app\/blobs\/uploads\/\?mount=/, answer: { status: 201 } },
      { method: 'DELETE', path: '/v2/app/manifests/1', answer: { status: 202 } },
    ]);
    await using remote = remoteTo([
      mirror(cache.address),
      hostPlan({ registry: registry.address, repository: 'app' }),
    ]);
    const tags: string[] = [];
    for await (const tag of remote.tags()) tags.push(tag);
    assert.deepEqual(tags, ['1']);
    assert.equal(await remote.blobs.mount(DIGEST), true);
    await remote.deleteTag('1');
  });

  it('nobody has it: the registry’s own words', async () => {
    await using cache = await scriptedPeer([get('/v2/hub/app/manifests/1', { status: 404 })]);
    await using registry = await scriptedPeer([get('/v2/app/manifests/1', { status: 404 })]);
    await using remote = remoteTo([
      mirror(cache.address),
      hostPlan({ registry: registry.address, repository: 'app' }),
    ]);
    await assert.rejects(remote.getManifest('1'), {
      code: 'MANIFEST_UNKNOWN',
      message: `manifest for ${registry.address}/app:1 not found: manifest unknown`,
    });
  });

  it('a damaged manifest: the next is asked, and that mirror no more', async () => {
    const events: Event[] = [];
    const manifest = `/manifests/${MANIFEST.digest}`;
    await using lying = await scriptedPeer([
      get(`/v2/hub/app${manifest}`, { ...MANIFEST_FOUND, body: '{"schemaVersion":2}' }),
    ]);
    await using honest = await scriptedPeer([
      get(`/v2/hub/app${manifest}`, MANIFEST_FOUND),
      get(blobOf('hub/app'), FOUND),
    ]);
    await using registry = await scriptedPeer([]);
    await using remote = remoteTo(
      [
        mirror(lying.address),
        mirror(honest.address),
        hostPlan({ registry: registry.address, repository: 'app' }),
      ],
      { events: (event) => void events.push(event) },
    );
    assert.deepEqual(await remote.getManifest(MANIFEST.digest), {
      ...MANIFEST,
      bytes: Buffer.from(MANIFEST.bytes),
    });
    await collect(remote.blobs.read(DIGEST));
    const text = `mirror ${lying.address}: damaged content; the next is asked`;
    assert.deepEqual(events, [{ kind: 'note', level: 'info', text }]);
  });

  it('a damaged manifest of the registry itself: nobody else is left to ask', async () => {
    await using cache = await scriptedPeer([get('/v2/hub/app/manifests/1', { status: 404 })]);
    const headers = { ...MANIFEST_FOUND.headers, 'docker-content-digest': digestOf('other') };
    await using registry = await scriptedPeer([
      get('/v2/app/manifests/1', { ...MANIFEST_FOUND, headers }),
    ]);
    await using remote = remoteTo([
      mirror(cache.address),
      hostPlan({ registry: registry.address, repository: 'app' }),
    ]);
    await assert.rejects(remote.getManifest('1'), { code: 'DIGEST_MISMATCH' });
  });

  for (const [what, body] of [
    ['other bytes', Buffer.from('XXXXXXXXXX')],
    ['fewer bytes', BYTES.subarray(0, 4)],
  ] as const) {
    it(`a pull that gets ${what} from mirrors ends with the registry’s, and keeps nothing else`, async () => {
      const answer = { status: 200, body };
      const damaged = get(blobOf('hub/app'), answer);
      await using first = await scriptedPeer([damaged]);
      await using second = await scriptedPeer([damaged]);
      await using registry = await scriptedPeer([get(blobOf('app'), FOUND)]);
      await using remote = remoteTo([
        mirror(first.address),
        mirror(second.address),
        hostPlan({ registry: registry.address, repository: 'app' }),
      ]);
      await using place = await temporaryStore();
      await using lease = await place.store.lease({ purpose: 'test' });
      const arriving = place.store.arrivingBlobs(lease);
      const blob = { digest: DIGEST, size: BYTES.byteLength };
      const onDamage = (): boolean => remote.blobs.distrust(DIGEST);
      await arriving.receive(blob, (how) => remote.blobs.read(DIGEST, how), { onDamage });
      assert.deepEqual(await collect(arriving.read(DIGEST)), BYTES);
      assert.deepEqual(readdirSync(place.store.paths.partials), []);
    });
  }
});
