/** why: every kind of holder, the way from a name down, and what nothing holds. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { mountsOf } from '#store/store-mounts.ts';
import {
  imageOf,
  putBlob,
  putImage,
  sampleBlob,
  sampleImage,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

describe('holders', () => {
  it('names, through manifests and indexes down to the digest', async () => {
    await using place = await temporaryStore();
    const index = await sampleIndex();
    await storeImage(place.store, index, 'multi:1', 'multi:2');
    const [image] = index.images;
    const layer = image?.layers[1];
    assert.ok(image && layer);
    const { holders, files, isGarbage } = await place.store.holders(layer.digest);
    const manifest = image.manifest.digest;
    const of = { manifest, role: 'layer 2 of 2' };
    const name = { kind: 'name', space: 'images', repository: 'docker.io/library/multi' } as const;
    assert.deepEqual(holders, [
      { ...name, tags: [], manifest, way: [of] },
      {
        ...name,
        tags: ['1', '2'],
        manifest: index.manifest.digest,
        way: [{ manifest: index.manifest.digest, role: 'image for linux/amd64' }, of],
      },
    ]);
    assert.deepEqual(
      files.map(({ kind, bytes }) => [kind, bytes]),
      [['blob', layer.bytes.byteLength]],
    );
    assert.equal(isGarbage, false);
  });

  it('a lease with its purpose and process, the cache with its step', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const layer = await sampleLayer();
    await using lease = await store.lease({ purpose: 'build .' });
    await putBlob(store.blobs(lease), layer);
    const record = { createdAt: '2026-01-02T03:04:05Z', description: 'RUN make' };
    for (const key of ['a', 'b']) store.records.save({ ...record, key, diffId: layer.diffId });
    const { holders } = await store.holders(layer.diffId);
    const [held, cached] = holders;
    assert.deepEqual(held, { kind: 'lease', purpose: 'build .', isAlive: true, pid: process.pid });
    assert.ok(cached?.kind === 'cache' && holders.length === 2);
    assert.deepEqual([cached.description, cached.records, cached.uses], ['RUN make', 2, 0]);
  });

  it('another form of the layer', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage({ layers: 1, codec: 'gzip' });
    await storeImage(store, image, 'app:1');
    const [layer] = image.layers;
    assert.ok(layer);
    {
      await using lease = await store.lease({ purpose: 'test' });
      await store.layers.ensure(layer, { lease });
    }
    const { holders } = await store.holders(layer.diffId);
    assert.deepEqual(
      holders.map(({ kind, as }) => [kind, as]),
      [['name', { digest: layer.digest, form: 'gzip' }]],
    );
  });

  it('the registry: a push under way, and what it serves', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [loose, image] = [sampleBlob(), await sampleImage()];
    {
      await using lease = await store.lease({ purpose: 'test' });
      const repository = store.repository({ space: 'registry', name: 'team/app', lease });
      await putBlob(repository.blobs, loose);
      await putImage(repository, image, 'v1');
    }
    const kinds = async (digest: typeof loose.digest) =>
      (await store.holders(digest)).holders.map(({ kind }) => kind);
    assert.deepEqual(await kinds(loose.digest), ['link']);
    assert.deepEqual(await kinds(image.imageId), ['name', 'link']);
  });

  it('a referrer points at its subject and does not hold it', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    const { digest } = image.manifest;
    const signature = imageOf([]);
    const document = JSON.parse(Buffer.from(signature.manifest.bytes).toString('utf8'));
    const subject = { mediaType: image.manifest.mediaType, digest, size: 1 };
    const bytes = Buffer.from(JSON.stringify({ ...document, artifactType: 'a/b', subject }));
    const manifest = { ...signature.manifest, bytes, digest: digestOf(bytes) };
    await storeImage(store, { ...signature, manifest }, 'app:sig');
    const { holders, mentions } = await store.holders(digest);
    assert.deepEqual([holders, mentions.length], [[], 1]);
    assert.deepEqual(mentions[0], {
      kind: 'referrer',
      digest: manifest.digest,
      repository: 'docker.io/library/app',
      artifactType: 'a/b',
    });
  });

  it('nothing: what the next gc frees is told, and is right', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const blob = sampleBlob();
    {
      await using lease = await store.lease({ purpose: 'test' });
      await putBlob(store.blobs(lease), blob);
    }
    const { holders, isGarbage, freedByGc } = await store.holders(blob.digest);
    assert.deepEqual([holders, isGarbage], [[], true]);
    assert.equal(freedByGc, (await store.gc()).freedBytes);
  });

  it('a digest of which nothing is here: BLOB_UNKNOWN', async () => {
    await using place = await temporaryStore();
    await assert.rejects(place.store.holders(digestOf('nothing')), { code: 'BLOB_UNKNOWN' });
  });
});

describe('mounts', () => {
  it('a folder of the store below an overlay is seen', async (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('needs root: mounts an overlay');
      return;
    }
    using folder = tempFolder();
    for (const name of ['lower', 'lower2', 'upper', 'work', 'here']) mkdirSync(folder.at(name));
    writeFileSync(join(folder.at('lower'), 'file'), '');
    const layers = `lowerdir=${folder.at('lower')},upperdir=${folder.at('upper')},workdir=${folder.at('work')}`;
    try {
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, folder.at('here')]);
    } catch {
      t.skip('needs an overlay over the temporary folder');
      return;
    }
    try {
      const found = mountsOf(folder.at('lower'));
      // Whoever starts a container meanwhile copies the mount into a namespace of its own.
      const places = new Set(found.map(({ mountPoint }) => mountPoint));
      assert.deepEqual([...places], [folder.at('here')]);
      assert.deepEqual(mountsOf(folder.at('lower2')), []);
    } finally {
      execFileSync('umount', [folder.at('here')]);
    }
  });
});
