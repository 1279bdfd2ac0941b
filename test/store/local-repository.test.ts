/** The local store keeps the Repository contract in both of its spaces, and keeps them apart. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { descriptorOf } from '#core/manifest.ts';
import { OCI_MANIFEST } from '#core/media-type.ts';
import type { Space } from '#store/local-repository.ts';
import { type RepositoryUnderTest, repositoryContract } from '#test/contract/repository.ts';
import { putBlob, putImage, sampleBlob, sampleImage } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

repositoryContract('local images', () => inSpace('images'));
repositoryContract('local registry', () => inSpace('registry'));

async function inSpace(space: Space): Promise<RepositoryUnderTest> {
  const place = await temporaryStore();
  const lease = await place.store.lease({ purpose: 'contract' });
  return {
    repository: place.store.repository({ space, name: 'docker.io/library/x', lease }),
    async [Symbol.asyncDispose]() {
      await lease[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

describe('repositories of one store', () => {
  it('every blob of the store is visible in the image space', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const blob = sampleBlob();
    await putBlob(place.store.repository({ space: 'images', name: 'a', lease }).blobs, blob);
    const other = place.store.repository({ space: 'images', name: 'b', lease });
    assert.ok(await other.blobs.stat(blob.digest));
  });

  it('a blob of the registry is visible only where it is linked, until mounted', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const [a, b] = ['a', 'b'].map((name) =>
      place.store.repository({ space: 'registry', name, lease }),
    );
    assert.ok(a && b);
    const blob = sampleBlob();
    await putBlob(a.blobs, blob);
    assert.equal(await b.blobs.stat(blob.digest), undefined);
    assert.equal(await b.blobs.mount(blob.digest, { from: 'not-even-right' }), true);
    assert.ok(await b.blobs.stat(blob.digest));
  });

  it('a local image is mounted into the registry without its bytes', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const image = await sampleImage();
    await putImage(
      place.store.repository({ space: 'images', name: 'docker.io/library/x', lease }),
      image,
      'v1',
    );
    const registry = place.store.repository({ space: 'registry', name: 'x', lease });
    for (const { digest } of image.blobs) assert.equal(await registry.blobs.mount(digest), true);
    await registry.putManifest(image.manifest, { tag: 'v1' });
    assert.equal((await registry.resolve('v1')).digest, image.manifest.digest);
  });

  it('the same name in two spaces is two repositories; catalog lists each', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const image = await sampleImage();
    await putImage(store.repository({ space: 'registry', name: 'b', lease }), image, 'v1');
    await putImage(store.repository({ space: 'registry', name: 'a', lease }), image);
    await putImage(store.repository({ space: 'images', name: 'c', lease }), image, 'v1');
    assert.deepEqual(store.catalog('registry'), ['a', 'b']);
    assert.deepEqual(store.catalog('registry', { after: 'a' }), ['b']);
    assert.deepEqual(store.catalog('registry', { limit: 1 }), ['a']);
    assert.deepEqual(store.catalog('images'), ['c']);
  });

  it('referrers lists what names a digest as its subject', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const repository = place.store.repository({ space: 'registry', name: 'a', lease });
    assert.equal(await repository.exists(), false);
    const image = await sampleImage();
    await putImage(repository, image, 'v1');
    assert.equal(await repository.exists(), true);
    assert.deepEqual(await repository.referrers(image.manifest.digest), []);
    const config = sampleBlob(Buffer.from('{}'));
    await putBlob(repository.blobs, config);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: 'application/vnd.test', digest: config.digest, size: 2 },
        layers: [],
        subject: descriptorOf(image.manifest),
        annotations: { a: 'b' },
      }),
    );
    const manifest = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
    await repository.putManifest(manifest);
    const others = { artifactType: 'application/vnd.other' };
    assert.deepEqual(await repository.referrers(image.manifest.digest, others), []);
    assert.deepEqual(await repository.referrers(image.manifest.digest), [
      {
        ...descriptorOf(manifest),
        artifactType: 'application/vnd.test',
        annotations: { a: 'b' },
      },
    ]);
  });

  it('a repository that never had a manifest: NAME_UNKNOWN', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const repository = place.store.repository({ space: 'registry', name: 'none', lease });
    await assert.rejects(repository.resolve('v1'), { code: 'NAME_UNKNOWN' });
  });
});

describe('a page', () => {
  it('of tags begins after a name that need not exist, in the order of bytes', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    const [app, other] = ['app', 'app-2'].map((name) =>
      place.store.repository({ space: 'registry', name, lease }),
    );
    assert.ok(app && other);
    for (const tag of ['b', 'B', '_x', '1.10', '1.9'])
      await putImage(app, await sampleImage(), tag);
    await putImage(other, await sampleImage(), 'z');
    assert.deepEqual(await app.tagsAfter({ limit: 3 }), ['1.10', '1.9', 'B']);
    assert.deepEqual(await app.tagsAfter({ last: 'B', limit: 3 }), ['_x', 'b']);
    assert.deepEqual(await app.tagsAfter({ last: '1.2', limit: 1 }), ['1.9']);
    assert.deepEqual(await app.tagsAfter({ limit: 0 }), []);
  });

  it('of repositories names each once, however many manifests it has', async () => {
    await using place = await temporaryStore();
    await using lease = await place.store.lease({ purpose: 'test' });
    for (const name of ['b/c', 'a', 'b', 'b-1']) {
      const repository = place.store.repository({ space: 'registry', name, lease });
      for (const tag of ['1', '2']) await putImage(repository, await sampleImage(), tag);
    }
    const { store } = place;
    assert.deepEqual(store.catalog('registry'), ['a', 'b', 'b-1', 'b/c']);
    assert.deepEqual(store.catalog('registry', { after: 'a', limit: 2 }), ['b', 'b-1']);
    assert.deepEqual(store.catalog('registry', { after: 'b/c' }), []);
    assert.deepEqual(store.catalog('images'), []);
  });
});
