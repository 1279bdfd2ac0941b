/** Tars that a pull or a build made and did not wait for: after another boot they are looked at. */
import assert from 'node:assert/strict';
import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { indexTar } from '#layer/index-tar.ts';
import { LocalStore } from '#store/local-store.ts';
import {
  imageOf,
  putBlob,
  type SampleImage,
  type SampleLayer,
  sampleImage,
  sampleLayer,
} from '#test/helpers/images.ts';
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

/** A step's layer with its record, as a build leaves it. */
async function built(place: StoreUnderTest, layer: SampleLayer): Promise<void> {
  const { store } = place;
  await using lease = await store.lease({ purpose: 'build' });
  const files = { tar: store.paths.temporary('ingest'), index: store.paths.temporary('ingest') };
  writeFileSync(files.tar, layer.bytes);
  const { index } = await indexTar(
    (async function* () {
      yield layer.bytes;
    })(),
  );
  writeFileSync(files.index, index);
  await store.layers.adopt({ digest: layer.diffId, size: layer.bytes.byteLength }, files, lease);
  const { diffId } = layer;
  store.records.save({ key: 'step', diffId, createdAt: '', description: 'RUN make' });
}

async function named(place: StoreUnderTest, image: SampleImage): Promise<void> {
  await using lease = await place.store.lease({ purpose: 'build' });
  const repository = place.store.repository({ space: 'images', name: 'app', lease });
  for (const blob of image.blobs) await putBlob(repository.blobs, blob);
  await repository.putManifest(image.manifest, { tag: 'latest' });
}

it('a layer of a build that has no name is whole after another boot, or its step runs again', async () => {
  for (const isCutOff of [false, true]) {
    await using place = await temporaryStore();
    const layer = await sampleLayer();
    await built(place, layer);
    assert.ok(place.store.records.find('step'));
    if (isCutOff) truncateSync(place.store.paths.blob(layer.diffId), 700);
    await using again = await afterReboot(place);
    assert.equal(again.records.find('step'), undefined);
    assert.equal(existsSync(again.paths.blob(layer.diffId)), !isCutOff);
  }
});

it('the layers of an image with a name were waited for, those of others were not', async () => {
  await using place = await temporaryStore();
  const layer = await sampleLayer();
  const other = await sampleLayer();
  await built(place, other);
  await built(place, layer);
  await named(place, imageOf([layer]));
  await using again = await afterReboot(place);
  assert.equal(again.records.find('step')?.diffId, layer.diffId);
  assert.ok(again.layers.files(layer.diffId));
  assert.equal(again.layers.files(other.diffId), undefined);
});

it('a layer that is here already stays as it is', async () => {
  await using place = await temporaryStore();
  const image = await sampleImage({ layers: 1 });
  const [layer] = image.layers;
  assert.ok(layer);
  await built(place, layer);
  await named(place, image);
  await built(place, layer);
  await using again = await afterReboot(place);
  assert.ok(again.layers.files(layer.diffId), 'nothing was written that could be lost');
});
