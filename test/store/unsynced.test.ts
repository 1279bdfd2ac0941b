/** Tars that a pull made and did not wait for: after another boot they are looked at. */
import assert from 'node:assert/strict';
import { existsSync, truncateSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { LocalStore } from '#store/local-store.ts';
import { type SampleLayer, sampleLayer } from '#test/helpers/images.ts';
import { type StoreUnderTest, temporaryStore } from '#test/helpers/store.ts';

async function pulled(place: StoreUnderTest): Promise<SampleLayer> {
  const layer = await sampleLayer({ codec: 'gzip', fileSize: 5000 });
  await using lease = await place.store.lease({ purpose: 'test' });
  await place.store.arrivingBlobs(lease).receive(layer.descriptor, async function* () {
    yield layer.bytes;
  });
  return layer;
}

/** As if the machine had been started again since. */
async function afterReboot(place: StoreUnderTest): Promise<LocalStore> {
  using database = new DatabaseSync(place.store.paths.database);
  database.exec("UPDATE unsynced SET boot = 'another'");
  return await LocalStore.open({ root: place.root });
}

it('a tar that reached the disk stays; its index is made again', async () => {
  await using place = await temporaryStore();
  const layer = await pulled(place);
  await using again = await afterReboot(place);
  again.needWritable();
  assert.ok(existsSync(again.paths.blob(layer.diffId)));
  assert.equal(again.layers.files(layer.diffId), undefined);
  await using lease = await again.lease({ purpose: 'test' });
  assert.ok(await again.layers.ensure(layer, { lease }));
});

it('one that did not is gone, and comes again from its blob', async () => {
  await using place = await temporaryStore();
  const layer = await pulled(place);
  truncateSync(place.store.paths.blob(layer.diffId), 700);
  await using again = await afterReboot(place);
  again.needWritable();
  assert.equal(existsSync(again.paths.blob(layer.diffId)), false);
  await using lease = await again.lease({ purpose: 'test' });
  assert.ok(await again.layers.ensure(layer, { lease }));
});

it('what was settled is not looked at any more', async () => {
  await using place = await temporaryStore();
  const layer = await pulled(place);
  await place.store.settle();
  await using again = await afterReboot(place);
  again.needWritable();
  assert.ok(again.layers.files(layer.diffId));
});
