/** Images with their platforms and what they take on disk. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { formatPlatform } from '#core/platform.ts';
import { imageTrees } from '#image/tree.ts';
import { sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const platform = { os: 'linux', architecture: 'amd64' };

test('one image: no platforms, its blobs', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const image = await sampleImage();
  await storeImage(store, image, 'app:1');
  const [tree, ...others] = await imageTrees({ store, platform });
  assert.deepEqual([others.length, tree?.platforms, tree?.image.imageId], [0, [], image.imageId]);
  const blobs = [image.manifest, ...image.blobs];
  const size = blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  assert.equal(tree?.contentBytes, size);
  assert.ok((tree?.diskBytes ?? 0) >= size);
});

test('an index: each platform, and whether it is here', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const index = await sampleIndex();
  await storeImage(store, index, 'multi');
  const [first, second] = index.images;
  const [layer] = second?.layers ?? [];
  assert.ok(first && second && layer);
  const [whole] = await imageTrees({ store, platform });
  assert.deepEqual(
    whole?.platforms.map((one) => [formatPlatform(one.platform), one.digest, one.isHere]),
    index.images.map(({ config, manifest }) => [
      `${config.os}/${config.architecture}`,
      manifest.digest,
      true,
    ]),
  );
  assert.equal(
    whole?.diskBytes,
    whole?.platforms.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
  );
  await rm(store.paths.blob(layer.digest));
  const [partial] = await imageTrees({ store, platform });
  assert.deepEqual(
    partial?.platforms.map(({ isHere, contentBytes }) => [isHere, contentBytes > 0]),
    [
      [true, true],
      [false, false],
    ],
  );
});
