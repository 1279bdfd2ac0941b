/** prune: what it says it frees is what du sees go; what is used or has changed meanwhile stays. */
import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import type { LocalStore } from '#store/local-store.ts';
import { Metadata } from '#store/metadata.ts';
import type { StorePaths } from '#store/paths.ts';
import { type PruneRequest, prune } from '#store/prune.ts';
import { duOf } from '#test/helpers/disk-usage.ts';
import {
  imageOf,
  putBlob,
  putImage,
  type SampleImage,
  type SampleLayer,
  sampleImage,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { type StoreUnderTest, temporaryStore } from '#test/helpers/store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('prune', () => {
  it('a dry run says to the byte what the real run frees, derived files and uploads included', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage({ codec: 'gzip', fileSize: 5000 });
    await storeImage(store, image, 'app:1');
    await derive(store, image);
    await cacheLayer(store, await sampleLayer({ fileSize: 3000 }));
    await abandonUpload(store);
    const request: PruneRequest = { images: [pruned(image, 'app', ['1'])], cache: { all: true } };
    const freedBytes = await agreeing(place, request);
    assert.equal(duOf(place.root), 0);
    assert.ok(freedBytes > 13_000);
  });

  it('gc alone: the same promise', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage({ codec: 'gzip' });
    await storeImage(store, image, 'app:1');
    await derive(store, image);
    await abandonUpload(store);
    store.images.forget('docker.io/library/app', image.manifest.digest);
    const before = duOf(place.root);
    const dry = await store.gc({ dryRun: true });
    assert.equal(duOf(place.root), before);
    assert.deepEqual(await store.gc(), dry);
    assert.equal(before - duOf(place.root), dry.freedBytes);
    // The merged image is young: making one costs time.
    assert.deepEqual(Object.keys(dry.freed).sort(), ['blob', 'folder', 'index', 'upload']);
  });

  it('an image that a lease holds, or that got a tag since it was chosen, stays', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [used, retagged] = [await sampleImage(), await sampleImage()];
    await storeImage(store, used, 'used:1');
    await storeImage(store, retagged, 'retagged:1', 'retagged:2');
    await using lease = await store.lease({ purpose: 'run used:1' });
    lease.hold(used.imageId);
    const request = { images: [pruned(used, 'used', ['1']), pruned(retagged, 'retagged', ['1'])] };
    const result = await store.prune(request);
    assert.deepEqual([result.images, result.removed, result.freedBytes], [[], [], 0]);
  });

  it('ended halfway, by a full disk or a kill, it leaves no name without its content', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1');
    let renamed = 0;
    // The second file to go cannot be moved.
    const temporary: StorePaths['temporary'] = (folder) =>
      renamed++ === 0 ? store.paths.temporary(folder) : `${store.paths.database}/x`;
    using metadata = new Metadata(store.paths.database);
    const request = { images: [pruned(image, 'app', ['1'])] };
    await assert.rejects(prune({ ...store.paths, temporary }, metadata, request), {
      code: 'ENOTDIR',
    });
    assert.deepEqual((await store.check()).problems, []);
    await store.gc();
    assert.equal(await hasBlob(store, image.imageId), false);
  });

  it('merged images go while nothing runs, and stay while anything does', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    writeFileSync(store.paths.mergedImage(digestOf('chain')), 'merged');
    {
      await using lease = await store.lease({ purpose: 'run' });
      lease.hold(digestOf('anything'));
      assert.equal((await store.prune({})).freedBytes, 0);
    }
    assert.deepEqual((await store.prune({})).freed, { merged: { count: 1, bytes: 6 } });
  });
});

describe('pruning the build cache', () => {
  it('leaves what images use, unless all is wanted', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [shared, alone] = [await sampleLayer(), await sampleLayer()];
    for (const layer of [shared, alone]) await cacheLayer(store, layer);
    await storeImage(store, imageOf([shared]), 'app:1');
    assert.deepEqual(idsOf(await store.prune({ cache: {} })), [alone.diffId]);
    assert.deepEqual(idsOf(await store.prune({ cache: { all: true } })), [shared.diffId]);
    assert.ok(await hasBlob(store, shared.diffId));
  });

  it('leaves what the registry serves and what a lease holds', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [pushed, held] = [await sampleLayer(), await sampleLayer()];
    for (const layer of [pushed, held]) await cacheLayer(store, layer);
    await using lease = await store.lease({ purpose: 'build' });
    await putImage(
      store.repository({ space: 'registry', name: 'app', lease }),
      imageOf([pushed]),
      '1',
    );
    lease.hold(held.diffId);
    assert.deepEqual(idsOf(await store.prune({ cache: {} })), []);
  });

  it('by last use: a hit makes a record young again', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    const start = Date.now();
    const [old, used] = [await sampleLayer(), await sampleLayer()];
    for (const layer of [old, used]) await cacheLayer(store, layer);
    t.mock.timers.enable({ apis: ['Date'], now: start + 2 * DAY_MS });
    assert.ok(store.records.find(`content ${used.diffId}`));
    const usedBeforeMs = start + DAY_MS;
    const result = await store.prune({ cache: { usedBeforeMs } });
    assert.deepEqual(idsOf(result), [old.diffId]);
    assert.equal(result.cache[0]?.uses, 0);
    assert.ok(store.records.find(`definition ${used.diffId}`));
  });

  it('down to a limit, the one not used for longest first', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    const layers: SampleLayer[] = [];
    const start = Date.now();
    t.mock.timers.enable({ apis: ['Date'], now: start });
    for (let i = 0; i < 4; i += 1) {
      t.mock.timers.setTime(start + i * 1000);
      const layer = await sampleLayer({ fileSize: 10_000 });
      layers.push(layer);
      await cacheLayer(store, layer);
    }
    t.mock.timers.setTime(start + 10_000);
    store.records.find(`definition ${layers[0]?.diffId}`);
    const result = await store.prune({ cache: { bounds: { maxUsedBytes: 30_000 } } });
    assert.deepEqual(idsOf(result), [layers[1]?.diffId, layers[2]?.diffId]);
  });
});

/** Runs it dry, then really; gives the bytes freed. */
async function agreeing(place: StoreUnderTest, request: PruneRequest): Promise<number> {
  const before = duOf(place.root);
  const dry = await place.store.prune({ ...request, dryRun: true });
  assert.equal(duOf(place.root), before, 'a dry run changes nothing');
  const real = await place.store.prune(request);
  assert.deepEqual(real, dry);
  assert.equal(before - duOf(place.root), dry.freedBytes);
  return dry.freedBytes;
}

function pruned(image: SampleImage, name: string, tags: readonly string[]) {
  const repository = `docker.io/library/${name}`;
  const manifests = [{ repository, digest: image.manifest.digest, tags }];
  return { imageId: image.imageId, manifests };
}

/** All that is ever derived from an image's layers. */
async function derive(store: LocalStore, image: SampleImage): Promise<void> {
  await using lease = await store.lease({ purpose: 'test' });
  for (const layer of image.layers) {
    await store.layers.ensure(layer, { lease });
    const folder = store.paths.folder(layer.diffId);
    mkdirSync(join(folder, 'etc'), { recursive: true });
    writeFileSync(join(folder, 'etc/passwd'), 'root');
  }
  writeFileSync(store.paths.mergedImage(digestOf(image.imageId)), 'merged');
}

async function abandonUpload(store: LocalStore): Promise<void> {
  const path = store.paths.upload('00000000-0000-0000-0000-000000000000');
  writeFileSync(path, 'an upload that nobody recorded');
  utimesSync(path, 0, 0);
}

/** As a build leaves it: two records of one layer. */
async function cacheLayer(store: LocalStore, layer: SampleLayer): Promise<void> {
  await using lease = await store.lease({ purpose: 'test' });
  await putBlob(store.blobs(lease), layer);
  await store.layers.ensure(layer, { lease });
  for (const kind of ['definition', 'content']) {
    store.records.save({
      key: `${kind} ${layer.diffId}`,
      diffId: layer.diffId,
      createdAt: '2026-01-02T03:04:05Z',
      description: 'RUN x',
    });
  }
}

function idsOf({ cache }: { readonly cache: readonly { readonly id: string }[] }) {
  return cache.map(({ id }) => id);
}

async function hasBlob(store: LocalStore, digest: Digest): Promise<boolean> {
  await using lease = await store.lease({ purpose: 'test' });
  return (await store.blobs(lease).stat(digest)) !== undefined;
}
