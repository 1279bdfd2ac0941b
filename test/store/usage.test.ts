/** df: every byte in one row, the sum is du's, and what is reclaimable is what a prune frees. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Digest, digestOf } from '#core/digest.ts';
import type { DiskUsage } from '#core/store-report.ts';
import type { LocalStore } from '#store/local-store.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import { duOf, duOfAll } from '#test/helpers/disk-usage.ts';
import {
  imageOf,
  putBlob,
  putImage,
  putIndex,
  type SampleImage,
  type SampleLayer,
  sampleBlob,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

describe('usage', () => {
  it('of an empty store is nothing but its database', async () => {
    await using place = await temporaryStore();
    const { rows } = await usageOf(place.store);
    const none = { total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0 };
    const { other, ...content } = rows;
    assert.deepEqual(Object.values(content), Array(5).fill(none));
    assert.equal(other.sizeBytes, duOfAll(place.root));
  });

  it('whatever lies about is counted as other', async () => {
    await using place = await temporaryStore();
    await filled(place.store);
    const chain = `${place.store.paths.merged}/sha256/${'a'.repeat(64)}.folder`;
    for (const folder of [chain, `${place.root}/nobody/knows`, `${place.root}/merged/v0`]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'file'), 'some bytes');
    }
    writeFileSync(`${place.store.paths.blobs}/sha256/README`, 'not a blob');
    const { rows } = await usageOf(place.store);
    const sum = Object.values(rows).reduce((total, row) => total + row.sizeBytes, 0);
    assert.equal(sum, duOfAll(place.root));
  });

  it('volumes that nobody went on with for a week are reclaimable', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    for (const [name, days] of [
      ['new', 6],
      ['old', 8],
    ] as const) {
      const folder = join(store.paths.incoming, name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'x.tar.001'), name);
      const time = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
      utimesSync(folder, time, time);
    }
    const { other } = (await usageOf(store)).rows;
    const before = duOfAll(place.root);
    const { freedBytes } = await store.prune({});
    assert.equal(other.reclaimableBytes, freedBytes);
    assert.equal(before - duOfAll(place.root), freedBytes);
  });

  it('each byte counts once: images before registry before cache, the rest as other', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layers = await filled(store);
    const usage = await usageOf(store);
    const sum = Object.values(usage.rows).reduce((total, row) => total + row.sizeBytes, 0);
    assert.equal(sum, duOfAll(place.root));
    const size = (layer: SampleLayer): number => layerBytes(store, layer.diffId);
    assert.equal(usage.rows.cache.sizeBytes, size(layers.cached) + 'merged'.length);
    assert.equal(usage.rows.other.reclaimableBytes, layers.garbage);
    assert.deepEqual(
      [usage.rows.images.total, usage.rows.cache.total, usage.rows.registry.total],
      [3, 2, 1],
    );
  });

  it('the sum of what is reclaimable is what pruning everything frees', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await filled(store);
    const { rows } = await usageOf(store);
    const promised = Object.values(rows).reduce((sum, row) => sum + row.reclaimableBytes, 0);
    const images = store.images.list().map(({ repository, digest, tags }) => ({
      imageId: digest,
      manifests: [{ repository, digest, tags }],
    }));
    const before = duOf(place.root);
    const { freedBytes } = await store.prune({ images, cache: { all: true } });
    assert.equal(freedBytes, promised);
    assert.equal(before - duOf(place.root), promised);
  });

  it('an image in use is active and not reclaimable', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = imageOf([await sampleLayer()]);
    await storeImage(store, image, 'app:1');
    await using lease = await store.lease({ purpose: 'run app:1' });
    lease.hold(image.imageId);
    const { rows, images } = await usageOf(store);
    assert.deepEqual([rows.images.active, rows.images.reclaimableBytes], [1, 0]);
    assert.deepEqual(
      images.map(({ imageId, isActive }) => [imageId, isActive]),
      [[image.imageId, true]],
    );
  });

  it('per image: what it shares with others, and what is its own', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const shared = await sampleLayer({ fileSize: 4000 });
    const [plain, more] = [imageOf([shared]), imageOf([shared, await sampleLayer()])];
    await storeImage(store, plain, 'plain:1');
    await storeImage(store, more, 'more:1');
    const { images } = await usageOf(store);
    for (const image of [plain, more]) {
      const found = images.find(({ imageId }) => imageId === image.imageId);
      assert.deepEqual(
        [found?.sharedBytes, found?.uniqueBytes],
        [shared.bytes.byteLength, ownBytes(image, shared)],
      );
    }
  });

  it('what is said of an image, or of one of an index, is part of it', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layer = await sampleLayer();
    const [one, index] = [imageOf([layer]), await sampleIndex()];
    await storeImage(store, one, 'one:1');
    {
      await using lease = await store.lease({ purpose: 'test' });
      const at = (name: string) => store.repository({ space: 'images', name, lease });
      await putIndex(at('docker.io/library/two'), index, '1');
      await putCompanion(at('docker.io/library/one'), sampleReferrer(one.manifest));
      const tag = companionTag(one.manifest.digest, '.sig');
      await putCompanion(at('docker.io/library/one'), sampleSignature(), tag);
      for (const { manifest } of [index, ...index.images]) {
        await putCompanion(at('docker.io/library/two'), sampleReferrer(manifest));
      }
      const gone = imageOf([await sampleLayer()]).manifest;
      await putCompanion(at('docker.io/library/other'), sampleReferrer(gone));
    }
    const { rows, images } = await usageOf(store);
    assert.equal(rows.images.total, 3, 'two, and what speaks of one that is not here');
    const found = images.find(({ imageId }) => imageId === one.imageId);
    assert.ok(
      found && found.uniqueBytes > ownBytes(one, layer) + layer.bytes.byteLength + 5000,
      'the statement is its own',
    );
  });

  it('a running container’s root counts as a container', async () => {
    await using place = await temporaryStore();
    const folder = place.store.paths.temporary('snapshots');
    mkdirSync(join(folder, 'upper'), { recursive: true });
    writeFileSync(join(folder, 'upper', 'file'), 'x'.repeat(1000));
    const { rows } = await usageOf(place.store);
    assert.deepEqual(
      [rows.containers.total, rows.containers.active, rows.containers.reclaimableBytes],
      [1, 1, 0],
    );
    assert.equal(rows.containers.sizeBytes, duOf(place.root));
  });
});

function usageOf(store: LocalStore): Promise<DiskUsage> {
  return store.usage({
    choose: ({ manifests: [first] }) => {
      assert.ok(first);
      return first;
    },
  });
}

/** A store with something of every kind. */
async function filled(store: LocalStore): Promise<{
  readonly cached: SampleLayer;
  readonly garbage: number;
}> {
  const [shared, pushed, cached] = [await sampleLayer(), await sampleLayer(), await sampleLayer()];
  await using lease = await store.lease({ purpose: 'test' });
  for (const layer of [shared, cached]) {
    await putBlob(store.blobs(lease), layer);
    await store.layers.ensure(layer, { lease });
    const record = { createdAt: '2026-01-02T03:04:05Z', description: 'RUN x' };
    store.records.save({ ...record, key: layer.diffId, diffId: layer.diffId });
  }
  await storeImage(store, imageOf([shared]), 'app:1');
  await storeImage(store, await sampleIndex(), 'multi:1');
  await storeImage(store, imageOf([await sampleLayer({ codec: 'gzip' })]));
  const registry = store.repository({ space: 'registry', name: 'app', lease });
  await putImage(registry, imageOf([shared, pushed]), '1');
  writeFileSync(store.paths.mergedImage(digestOf('chain')), 'merged');
  const garbage = sampleBlob();
  await putBlob(store.blobs(lease), garbage);
  return { cached, garbage: garbage.bytes.byteLength };
}

function layerBytes(store: LocalStore, diffId: Digest): number {
  return [store.paths.blob(diffId), store.paths.index(diffId)].reduce(
    (sum, path) => sum + statSync(path).size,
    0,
  );
}

function ownBytes(image: SampleImage, shared: SampleLayer): number {
  const blobs = image.blobs.filter(({ digest }) => digest !== shared.digest);
  return [image.manifest, ...blobs].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
