/** sha512 digests: written, read, listed, collected and checked like sha256. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseDigest } from '#core/digest.ts';
import { encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP } from '#core/media-type.ts';
import { putBlob, type SampleBlob, sampleImage } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

function sha512Blob(bytes: Uint8Array): SampleBlob {
  const hex = createHash('sha512').update(bytes).digest('hex');
  return { digest: parseDigest(`sha512:${hex}`), bytes };
}

test('an image of sha512 blobs: kept, counted, checked, collected', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const image = await sampleImage();
  const layers = image.layers.map(({ bytes, descriptor }) => {
    const blob = sha512Blob(bytes);
    return { blob, descriptor: { ...descriptor, digest: blob.digest } };
  });
  const diffIds = layers.map(({ blob }) => blob.digest);
  const document = { ...image.config, rootfs: { type: 'layers', diff_ids: diffIds } };
  const config = sha512Blob(Buffer.from(JSON.stringify(document)));
  const manifest = encodeImageManifest({
    config: { mediaType: OCI_CONFIG, digest: config.digest, size: config.bytes.byteLength },
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const loose = sha512Blob(Buffer.from('nobody needs this'));
  const name = 'docker.io/library/app';
  {
    await using lease = await store.lease({ purpose: 'test' });
    const repository = store.repository({ space: 'images', name, lease });
    for (const blob of [config, loose, ...layers.map((layer) => layer.blob)]) {
      await putBlob(repository.blobs, blob);
    }
    await repository.putManifest(manifest, { tag: '1' });
  }
  const dry = await store.gc({ dryRun: true });
  assert.deepEqual(dry.removed, [loose.digest]);
  assert.deepEqual(await store.gc(), dry);
  assert.equal((await store.holders(config.digest)).holders.length, 1);
  const { rows } = await store.usage({ choose: () => undefined });
  const all = [manifest, config, ...layers.map(({ blob }) => blob)];
  const bytes = all.reduce((sum, one) => sum + one.bytes.byteLength, 0);
  assert.equal(rows.images.sizeBytes, bytes);
  assert.deepEqual((await store.check()).problems, []);
  const [first] = layers;
  assert.ok(first);
  appendFileSync(store.paths.blob(first.blob.digest), 'x');
  const { problems } = await store.check({ repair: true });
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['blob-damaged', 'image-incomplete'],
  );
  store.images.forget(name, manifest.digest);
  await store.gc();
  assert.equal(existsSync(store.paths.blob(config.digest)), false);
});

test('layers by sha512 in an image whose config says sha256, and the other way round: no damage', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const [plain, gzip] = [await sampleImage(), await sampleImage({ codec: 'gzip' })];
  const tar = gzip.layers.map(({ bytes }) => gunzipSync(bytes));
  const mixed = [
    {
      layers: plain.layers.map(({ bytes }) => sha512Blob(bytes)),
      diffIds: plain.layers.map(({ diffId }) => diffId),
      mediaType: OCI_LAYER,
    },
    {
      layers: gzip.layers,
      diffIds: tar.map((bytes) => sha512Blob(bytes).digest),
      mediaType: OCI_LAYER_GZIP,
    },
  ];
  await using lease = await store.lease({ purpose: 'test' });
  const repository = store.repository({ space: 'images', name: 'docker.io/library/app', lease });
  for (const { layers, diffIds, mediaType } of mixed) {
    const document = { ...plain.config, rootfs: { type: 'layers', diff_ids: diffIds } };
    const config = sha512Blob(Buffer.from(JSON.stringify(document)));
    for (const blob of [config, ...layers]) await putBlob(repository.blobs, blob);
    const sized = ({ digest, bytes }: SampleBlob) => ({ digest, size: bytes.byteLength });
    await repository.putManifest(
      encodeImageManifest({
        config: { mediaType: OCI_CONFIG, ...sized(config) },
        layers: layers.map((layer) => ({ mediaType, ...sized(layer) })),
      }),
    );
  }
  assert.deepEqual((await store.check()).problems, []);
});
