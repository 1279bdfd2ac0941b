/** `rmi --dry-run`: the sum is what removing then frees. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { digestOf, encodedOf } from '#core/digest.ts';
import { planRemoval } from '#image/plan-removal.ts';
import { removeImage } from '#image/remove.ts';
import type { LocalStore } from '#store/local-store.ts';
import { duOf } from '#test/helpers/disk-usage.ts';
import { imageOf, putBlob, sampleBlob, sampleLayer } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const platform = { os: 'linux', architecture: 'amd64' };

async function bytesIn(store: LocalStore): Promise<number> {
  const folder = `${store.paths.blobs}/sha256`;
  const sizes = (await readdir(folder)).map(async (name) => (await stat(`${folder}/${name}`)).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

test('several images together free what they share, and nothing is removed', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const [shared, own] = [await sampleLayer({ fileSize: 50_000 }), await sampleLayer()];
  const [first, second] = [imageOf([shared]), imageOf([shared, own])];
  await storeImage(store, first, 'first:1', 'first:2');
  await storeImage(store, second, 'second:1');
  const before = await bytesIn(store);

  const one = await planRemoval(['first:1', 'first:2'], { store, platform });
  assert.deepEqual([one.names, one.imageIds], [['first:1', 'first:2'], [first.imageId]]);
  const both = await planRemoval(['first:1', 'first:2', 'second:1'], { store, platform });
  assert.deepEqual(both.imageIds, [first.imageId, second.imageId]);
  assert.ok(both.freedBytes > one.freedBytes + 50_000);
  assert.equal(await bytesIn(store), before);

  await removeImage('first:1', { store, platform });
  await removeImage('first:2', { store, platform });
  assert.equal(before - (await bytesIn(store)), one.freedBytes);
  await removeImage('second:1', { store, platform });
  assert.equal(before - (await bytesIn(store)), both.freedBytes);
});

test('one name of several frees nothing; by ID it needs force', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const image = imageOf([await sampleLayer()]);
  await storeImage(store, image, 'app:1', 'other:1');
  assert.deepEqual(await planRemoval(['app:1'], { store, platform }), {
    names: ['app:1'],
    imageIds: [],
    freedBytes: 0,
  });
  const id = encodedOf(image.imageId).slice(0, 12);
  await assert.rejects(planRemoval([id], { store, platform }), { code: 'IMAGE_IN_USE' });
  const forced = await planRemoval([id], { store, platform, force: true });
  assert.deepEqual(forced.imageIds, [image.imageId]);
  const byDigest = await planRemoval([`app@${image.manifest.digest}`, 'other:1'], {
    store,
    platform,
  });
  assert.deepEqual(byDigest.imageIds, [image.imageId]);
  await assert.rejects(planRemoval(['nosuch'], { store, platform }), { code: 'IMAGE_UNKNOWN' });
});

test('counts what rmi itself takes: no garbage where the image stays, no young merged image', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const image = imageOf([await sampleLayer()]);
  await storeImage(store, image, 'app:1', 'app:2');
  {
    await using lease = await store.lease({ purpose: 'test' });
    await putBlob(store.blobs(lease), sampleBlob());
  }
  writeFileSync(store.paths.mergedImage(digestOf('chain')), 'merged');
  for (const name of ['app:1', 'app:2']) {
    const { freedBytes } = await planRemoval([name], { store, platform });
    const before = duOf(place.root);
    await removeImage(name, { store, platform });
    assert.equal(before - duOf(place.root), freedBytes, name);
  }
});
