/** pull and push against a repository in memory, and what is remembered of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import { digestOf } from '#core/digest.ts';
import type { Event } from '#core/events.ts';
import { decodeManifest } from '#core/manifest.ts';
import { OCI_LAYER_GZIP } from '#core/media-type.ts';
import { familiarReference, parseReference } from '#core/reference.ts';
import { inspectImage } from '#image/inspect.ts';
import { pullImage } from '#image/pull.ts';
import { pushImage } from '#image/push.ts';
import { removeImage } from '#image/remove.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import {
  collect,
  imageOf,
  putImage,
  putIndex,
  sampleImage,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const limit = pLimit(2);

describe('pullImage', () => {
  it('sha512 digests stay what they are, from registry to store to registry', async () => {
    await using registry = await temporaryRegistry();
    await using from = remoteAt(registry.address);
    const layer = await sampleLayer({ codec: 'gzip' });
    const digest = digestOf(layer.bytes, 'sha512');
    const image = imageOf([{ ...layer, digest, descriptor: { ...layer.descriptor, digest } }]);
    await putImage(from, image, '1');
    await using place = await temporaryStore();
    const { store } = place;
    const reference = parseReference(`${registry.address}/test/app:1`);
    await pullImage({ store, remote: from, reference, platform, limit });
    await using other = await temporaryRegistry();
    await using to = remoteAt(other.address);
    const pushed = await pushImage({ store, remote: to, reference, platform, limit });
    assert.equal(pushed.manifest.digest, image.manifest.digest);
    assert.deepEqual(await collect(to.blobs.read(digest)), Buffer.from(layer.bytes));
  });

  it('brings the platform’s image under its name; the index names it too', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const index = await sampleIndex();
    await putIndex(remote, index, 'latest');
    const reference = parseReference('app');
    const pulled = await pullImage({ store, remote, reference, platform, limit });
    assert.equal(pulled.manifest.digest, index.manifest.digest);
    assert.equal(familiarReference(pulled.reference), 'app:latest');
    assert.equal(pulled.changed, true);
    const found = await inspectImage(`app@${index.manifest.digest}`, { store, platform });
    assert.equal(found.imageId, index.images[0]?.imageId);
    assert.deepEqual(found.digests.map(familiarReference), [`app@${index.manifest.digest}`]);
  });

  it('a second pull changes nothing; a moved tag does', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    await putImage(remote, await sampleImage(), 'latest');
    const options = { store, remote, reference: parseReference('app'), platform, limit };
    assert.equal((await pullImage(options)).changed, true);
    assert.equal((await pullImage(options)).changed, false);
    const next = await sampleImage();
    await putImage(remote, next, 'latest');
    assert.equal((await pullImage(options)).changed, true);
    assert.equal((await inspectImage('app', { store, platform })).imageId, next.imageId);
  });

  it('by digest: no tag is set, the digest names it', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const image = await sampleImage();
    await putImage(remote, image, 'latest');
    const reference = parseReference(`app@${image.manifest.digest}`);
    await pullImage({ store, remote, reference, platform, limit });
    const found = await inspectImage(`app@${image.manifest.digest}`, { store, platform });
    assert.deepEqual(found.tags, []);
    const removed = await removeImage(familiarReference(reference), { store, platform });
    assert.deepEqual(removed.at(-1), { kind: 'deleted', name: image.imageId });
  });

  it('a pulled image survives gc with its layers', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const image = await sampleImage({ codec: 'gzip' });
    await putImage(remote, image, 'latest');
    await pullImage({ store, remote, reference: parseReference('app'), platform, limit });
    assert.deepEqual((await store.gc()).removed, []);
  });
});

describe('layers of a pulled image', () => {
  it('are told of as docker does: waiting, coming, here, opened', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const image = await sampleImage({ layers: 1, codec: 'gzip' });
    await putImage(remote, image, 'latest');
    const states: string[] = [];
    const events = (event: Event): void => {
      if (event.kind === 'transfer' && event.role === 'layer') states.push(event.state);
    };
    const reference = parseReference('app');
    await pullImage({ store, remote, reference, platform, limit, events });
    assert.deepEqual(
      states.filter((state, i) => state !== states[i - 1]),
      ['waiting', 'transferring', 'downloaded', 'done'],
    );
  });

  it('are open when the pull ends', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const image = await sampleImage({ codec: 'gzip' });
    await putImage(remote, image, 'latest');
    await pullImage({ store, remote, reference: parseReference('app'), platform, limit });
    for (const { diffId } of image.layers) assert.ok(store.layers.files(diffId));
  });

  it('that are not what the config promises give no name', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const [layer, other] = [await sampleLayer({ codec: 'gzip' }), await sampleLayer()];
    await putImage(remote, imageOf([{ ...layer, diffId: other.diffId }]), 'latest');
    const reference = parseReference('app');
    const pulling = pullImage({ store, remote, reference, platform, limit });
    await assert.rejects(pulling, { code: 'DIGEST_MISMATCH' });
    assert.deepEqual(store.images.list(), []);
  });

  it('that are no layers give no name', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const layer = await sampleLayer();
    const bytes = Buffer.from('no gzip');
    const descriptor = { mediaType: OCI_LAYER_GZIP, digest: digestOf(bytes), size: bytes.length };
    const broken = { ...layer, digest: descriptor.digest, bytes, descriptor };
    await putImage(remote, imageOf([broken]), 'latest');
    const pulling = pullImage({
      ...{ store, remote, platform, limit },
      reference: parseReference('app'),
    });
    await assert.rejects(pulling);
    assert.deepEqual(store.images.list(), []);
  });
});

describe('pushImage', () => {
  it('sends gzip layers with the same files and the same image ID', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1');
    const remote = new MemoryRepository();
    const reference = parseReference('app:1');
    const pushed = await pushImage({ store, remote, reference, platform, limit });
    const manifest = decodeManifest(await remote.getManifest('1'));
    assert.ok(manifest.kind === 'image');
    assert.equal(manifest.config.digest, image.imageId);
    for (const [i, layer] of manifest.layers.entries()) {
      assert.equal(layer.mediaType, OCI_LAYER_GZIP);
      const tar = gunzipSync(await collect(remote.blobs.read(layer.digest)));
      assert.equal(digestOf(tar), image.layers[i]?.diffId);
    }
    const found = await inspectImage(`app@${pushed.manifest.digest}`, { store, platform });
    assert.equal(found.imageId, image.imageId);
  });

  it('a second push compresses nothing and gives the same manifest', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1');
    const reference = parseReference('app:1');
    const [a, b] = [new MemoryRepository(), new MemoryRepository()];
    const first = await pushImage({ store, remote: a, reference, platform, limit });
    await store.gc();
    for (const layer of image.layers) assert.ok(store.layers.compressed(layer.diffId, 'gzip'));
    const second = await pushImage({ store, remote: b, reference, platform, limit });
    assert.deepEqual(first, second);
  });

  it('a layer that another repository of the registry has is mounted from there', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    const remote = new MemoryRepository();
    for (const name of ['localhost:5000/a:1', 'localhost:5000/b:1']) {
      await storeImage(store, image, name);
      await pushImage({ store, remote, reference: parseReference(name), platform, limit });
    }
    const asked: (string | undefined)[] = [];
    const { blobs } = new MemoryRepository();
    const mounting = {
      stat: blobs.stat.bind(blobs),
      read: blobs.read.bind(blobs),
      ingest: blobs.ingest.bind(blobs),
      mount: async (_: unknown, { from }: { from?: string } = {}) => asked.push(from) < 0,
    };
    await storeImage(store, image, 'localhost:5000/c:1');
    const reference = parseReference('localhost:5000/c:1');
    await pushImage({
      ...{ store, reference, platform, limit },
      remote: new MemoryRepository({ blobs: mounting }),
    });
    assert.deepEqual(new Set(asked), new Set(['b']));
  });

  it('a pulled image is pushed as it came', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [from, to] = [new MemoryRepository(), new MemoryRepository()];
    const image = await sampleImage({ codec: 'gzip' });
    await putImage(from, image, 'latest');
    const reference = parseReference('app');
    await pullImage({ store, remote: from, reference, platform, limit });
    await pushImage({ store, remote: to, reference, platform, limit });
    assert.equal((await to.resolve('latest')).digest, image.manifest.digest);
  });

  it('an image built on a pulled layer pushes the very blob that was pulled', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const remote = new MemoryRepository();
    const base = await sampleImage({ layers: 1, codec: 'gzip' });
    await putImage(remote, base, 'latest');
    await pullImage({ store, remote, reference: parseReference('base'), platform, limit });
    const layer = base.layers[0];
    assert.ok(layer);
    await using lease = await store.lease({ purpose: 'build' });
    const files = await store.layers.ensure(layer, { lease });
    assert.equal(files.diffId, layer.diffId);
    const tar = gunzipSync(layer.bytes);
    const descriptor = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: layer.diffId,
      size: tar.byteLength,
    };
    const plain = { ...layer, digest: layer.diffId, bytes: tar, descriptor };
    await storeImage(store, imageOf([plain, await sampleLayer()]), 'app');
    await pushImage({ store, remote, reference: parseReference('app'), platform, limit });
    const manifest = decodeManifest(await remote.getManifest('latest'));
    assert.ok(manifest.kind === 'image');
    assert.deepEqual(manifest.layers[0], layer.descriptor);
  });

  it('an index is pushed whole, its platforms kept', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    await storeImage(store, index, 'multi');
    const remote = new MemoryRepository();
    await pushImage({ store, remote, reference: parseReference('multi'), platform, limit });
    const manifest = decodeManifest(await remote.getManifest('latest'));
    assert.ok(manifest.kind === 'index');
    assert.deepEqual(
      manifest.manifests.map((child) => child.platform?.architecture),
      ['amd64', 'arm64'],
    );
    for (const { digest } of manifest.manifests) {
      const child = decodeManifest(await remote.getManifest(digest));
      assert.ok(child.kind === 'image');
      assert.equal(child.layers[0]?.mediaType, OCI_LAYER_GZIP);
    }
  });

  it('of an index, one platform only where that is asked for', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    await storeImage(store, index, 'multi');
    const remote = new MemoryRepository();
    const onlyPlatform = { os: 'linux', architecture: 'arm64' };
    const reference = parseReference('multi');
    await pushImage({ store, remote, reference, platform, limit, onlyPlatform });
    const manifest = decodeManifest(await remote.getManifest('latest'));
    assert.ok(manifest.kind === 'image');
    assert.equal(manifest.config.digest, index.images[1]?.imageId);
  });

  it('more tags of the same image go with it', async () => {
    await using place = await temporaryStore();
    await storeImage(place.store, await sampleImage(), 'app:1');
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const options = { store: place.store, remote, platform, limit };
    const pushed = await pushImage({
      ...options,
      reference: parseReference('app:1'),
      moreTags: ['2', '3'],
    });
    assert.deepEqual(await Array.fromAsync(remote.tags()), ['1', '2', '3']);
    assert.equal((await remote.resolve('3')).digest, pushed.manifest.digest);
  });

  it('no such local tag: IMAGE_UNKNOWN in docker’s words', async () => {
    await using place = await temporaryStore();
    const remote = new MemoryRepository();
    const options = { store: place.store, remote, platform, limit };
    await assert.rejects(pushImage({ ...options, reference: parseReference('none:1') }), {
      code: 'IMAGE_UNKNOWN',
      message: 'An image does not exist locally with the tag: none',
    });
  });
});
