/** Layers: inflated once, verified, indexed; compressed forms remembered. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { digestOf } from '#core/digest.ts';
import { OCI_LAYER_ZSTD } from '#core/media-type.ts';
import { putBlob, sampleLayer, sampleTar } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

describe('layers.ensure', () => {
  it('a plain tar gets an index', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer();
    await putBlob(store.blobs(lease), layer);
    assert.equal(store.layers.files(layer.diffId), undefined);
    const files = await store.layers.ensure(layer, { lease });
    assert.deepEqual(files, {
      diffId: layer.diffId,
      tar: store.paths.blob(layer.diffId),
      index: store.paths.index(layer.diffId),
    });
    assert.deepEqual(await readFile(files.tar), layer.bytes);
    assert.deepEqual(store.layers.files(layer.diffId), files);
  });

  it('gzip and zstd are inflated to the tar the config promises, and remembered', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const gzip = await sampleLayer({ codec: 'gzip' });
    const tar = await sampleTar({ a: Buffer.from('x') });
    const bytes = zstdCompressSync(tar);
    const digest = digestOf(bytes);
    const descriptor = { mediaType: OCI_LAYER_ZSTD, digest, size: bytes.length };
    const zstd = { digest, bytes, diffId: digestOf(tar), descriptor };
    for (const [codec, layer] of [['gzip', gzip] as const, ['zstd', zstd] as const]) {
      await putBlob(store.blobs(lease), layer);
      const files = await store.layers.ensure(layer, { lease });
      assert.equal(digestOf(await readFile(files.tar)), layer.diffId);
      assert.deepEqual(store.layers.compressed(layer.diffId, codec), layer.descriptor);
    }
  });

  it('asked for ten times at once it is inflated once', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ codec: 'gzip' });
    await putBlob(store.blobs(lease), layer);
    const all = await Promise.all(
      Array(10)
        .fill(0)
        .map(() => store.layers.ensure(layer, { lease })),
    );
    assert.equal(new Set(all.map(({ tar }) => tar)).size, 1);
    assert.deepEqual(await readdir(store.paths.ingest), []);
  });

  it('one caller’s abort does not stop the others', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ codec: 'gzip', fileSize: 1_000_000 });
    await putBlob(store.blobs(lease), layer);
    const stop = new AbortController();
    const aborted = store.layers.ensure(layer, { lease, signal: stop.signal });
    const other = store.layers.ensure(layer, { lease });
    stop.abort(new Error('enough'));
    await assert.rejects(aborted, /enough/);
    assert.equal((await other).diffId, layer.diffId);
  });

  it('another tar than the config promises: DIGEST_MISMATCH, nothing kept', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    for (const codec of ['gzip', 'none'] as const) {
      const layer = await sampleLayer({ codec });
      await putBlob(store.blobs(lease), layer);
      const diffId = digestOf('something else');
      await assert.rejects(store.layers.ensure({ ...layer, diffId }, { lease }), {
        code: 'DIGEST_MISMATCH',
      });
      assert.equal(store.layers.files(diffId), undefined);
    }
    assert.deepEqual(await readdir(store.paths.ingest), []);
  });

  it('a missing blob: BLOB_UNKNOWN; a foreign media type: COMPRESSION_UNKNOWN', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ codec: 'gzip' });
    await assert.rejects(store.layers.ensure(layer, { lease }), { code: 'BLOB_UNKNOWN' });
    const descriptor = { ...layer.descriptor, mediaType: 'application/x-helm' };
    await assert.rejects(store.layers.ensure({ ...layer, descriptor }, { lease }), {
      code: 'COMPRESSION_UNKNOWN',
    });
  });

  it('a lost index is made again from the tar, without the compressed blob', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ codec: 'gzip' });
    await putBlob(store.blobs(lease), layer);
    const { index } = await store.layers.ensure(layer, { lease });
    const before = await readFile(index);
    await rm(index);
    await rm(store.paths.blob(layer.digest));
    await store.layers.ensure(layer, { lease });
    assert.deepEqual(await readFile(index), before);
    assert.equal(store.layers.compressed(layer.diffId, 'gzip'), undefined);
  });

  it('a tar that was cut off is inflated again', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ codec: 'gzip', fileSize: 5000 });
    await putBlob(store.blobs(lease), layer);
    const { tar } = await store.layers.ensure(layer, { lease });
    const before = await readFile(tar);
    for (const size of [2048, 0]) {
      await truncate(tar, size);
      assert.equal(store.layers.files(layer.diffId), undefined);
      await store.layers.ensure(layer, { lease });
      assert.deepEqual(await readFile(tar), before);
    }
  });

  it('a tar that was cut off and came plain: DIGEST_MISMATCH, and out of the way', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ fileSize: 5000 });
    const blobs = store.blobs(lease);
    await putBlob(blobs, layer);
    const { tar } = await store.layers.ensure(layer, { lease });
    await truncate(tar, 2048);
    await assert.rejects(store.layers.ensure(layer, { lease }), { code: 'DIGEST_MISMATCH' });
    assert.equal(await blobs.stat(layer.digest), undefined);
    await putBlob(blobs, layer);
    assert.equal((await store.layers.ensure(layer, { lease })).tar, tar);
  });

  it('an index that was cut off is made again', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer();
    await putBlob(store.blobs(lease), layer);
    const { index } = await store.layers.ensure(layer, { lease });
    const before = await readFile(index);
    for (const size of [1280, 100, 0]) {
      await truncate(index, size);
      assert.equal(store.layers.files(layer.diffId), undefined);
      await store.layers.ensure(layer, { lease });
      assert.deepEqual(await readFile(index), before);
    }
  });

  it('addIndex of a tar that is not here: BLOB_UNKNOWN', async () => {
    await using place = await temporaryStore();
    await assert.rejects(place.store.layers.addIndex(digestOf('x'), Buffer.from('index')), {
      code: 'BLOB_UNKNOWN',
    });
  });
});

describe('cache records', () => {
  it('a record whose layer was cut off is forgotten', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const layer = await sampleLayer({ fileSize: 5000 });
    await putBlob(store.blobs(lease), layer);
    const { tar } = await store.layers.ensure(layer, { lease });
    const record = {
      key: 'key',
      diffId: layer.diffId,
      createdAt: '2026-01-02T03:04:05Z',
      description: 'RUN make',
    };
    store.records.save(record);
    assert.equal(store.records.find('key')?.diffId, record.diffId);
    await truncate(tar, 2048);
    assert.equal(store.records.find('key'), undefined);
    await putBlob(store.blobs(lease), layer);
    await store.layers.ensure(layer, { lease });
    assert.equal(store.records.find('key'), undefined);
  });
});
