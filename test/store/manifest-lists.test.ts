/** Manifest lists that are being made. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { descriptorOf } from '#core/manifest.ts';
import type { ListedManifest } from '#core/manifest-list.ts';
import { LocalStore } from '#store/local-store.ts';
import { sampleImage } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const LIST = 'docker.io/library/app:1';

async function listed(name: string, variant?: string): Promise<ListedManifest> {
  const { manifest } = await sampleImage();
  const platform = {
    architecture: 'arm64',
    os: 'linux',
    'os.version': '1',
    'os.features': ['a', 'b'],
    ...(variant ? { variant } : {}),
  };
  return {
    reference: `docker.io/library/${name}`,
    descriptor: { ...descriptorOf(manifest), platform },
    raw: { ...manifest, bytes: Buffer.from(manifest.bytes) },
  };
}

it('images by their names, as they were written: a platform is not made a normal one', async () => {
  await using place = await temporaryStore();
  const { manifestLists } = place.store;
  const [a, b] = [await listed('a:1', 'v8'), await listed('b:1')];
  const { platform: _, ...bare } = b.descriptor;
  manifestLists.put(LIST, [{ ...b, descriptor: bare }, a]);
  assert.deepEqual(manifestLists.images(LIST), [a, { ...b, descriptor: bare }]);
  assert.deepEqual(manifestLists.images('docker.io/library/app:2'), []);
});

it('an image put again takes the place of itself', async () => {
  await using place = await temporaryStore();
  const { manifestLists } = place.store;
  const [before, after] = [await listed('a:1'), await listed('a:1', 'v9')];
  manifestLists.put(LIST, [before]);
  manifestLists.put(LIST, [after]);
  assert.deepEqual(manifestLists.images(LIST), [after]);
});

it('lists survive the process, and go when they are removed', async () => {
  await using place = await temporaryStore();
  const image = await listed('a:1');
  place.store.manifestLists.put(LIST, [image]);
  await using later = await LocalStore.open({ root: place.root });
  assert.deepEqual(later.manifestLists.images(LIST), [image]);
  assert.equal(later.manifestLists.remove(LIST), true);
  assert.equal(place.store.manifestLists.remove(LIST), false);
  assert.deepEqual(place.store.manifestLists.images(LIST), []);
});
