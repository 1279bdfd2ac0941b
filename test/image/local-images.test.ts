/** list, inspect, tag and remove: what docker users expect of names and IDs. */
import assert from 'node:assert/strict';
import { readdir, rm, truncate } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { encodedOf } from '#core/digest.ts';
import type { BrokenImage, ImageSummary } from '#core/local-image.ts';
import { familiarReference } from '#core/reference.ts';
import { inspectImage } from '#image/inspect.ts';
import { listImages } from '#image/list.ts';
import { removeImage } from '#image/remove.ts';
import { tagImage } from '#image/tag.ts';
import type { LocalStore } from '#store/local-store.ts';
import { imageOf, sampleImage, sampleIndex, sampleLayer } from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const platform = { os: 'linux', architecture: 'amd64' };

describe('listImages', () => {
  it('is one summary per image with all its names', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1', 'localhost:5000/app');
    const [summary, ...others] = await listImages({ store, platform });
    assert.ok(summary);
    assert.equal(others.length, 0);
    const { digest } = image.manifest;
    assert.deepEqual(namesOf(summary), {
      tags: ['app:1', 'localhost:5000/app:latest'],
      digests: [`app@${digest}`, `localhost:5000/app@${digest}`],
    });
    assert.equal(summary.imageId, image.imageId);
    assert.equal(summary.created, '2026-01-02T03:04:05Z');
    assert.deepEqual(summary.config, image.config);
    const size = image.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    assert.equal(summary.sizeBytes, size);
  });

  it('an image without a name is listed; a name that moved leaves one behind', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [nameless, first, second] = [
      await sampleImage(),
      await sampleImage(),
      await sampleImage(),
    ];
    await storeImage(store, nameless);
    await storeImage(store, first, 'app');
    await storeImage(store, second, 'app');
    const found = await listImages({ store, platform });
    const tags = new Map(found.map((summary) => [summary.imageId, namesOf(summary).tags]));
    assert.deepEqual(
      tags,
      new Map(
        found.map(({ imageId }) => [imageId, imageId === second.imageId ? ['app:latest'] : []]),
      ),
    );
    assert.equal(tags.size, 3);
  });

  it('an index is its image for the platform; its children are no images of their own', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    await storeImage(store, index, 'multi');
    const found = await listImages({ store, platform });
    assert.deepEqual(
      found.map(({ imageId, manifest }) => [imageId, manifest.digest]),
      [[index.images[0]?.imageId, index.manifest.digest]],
    );
  });
});

describe('inspectImage', () => {
  it('tells the layers and when the newest tag was given', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [tagged, nameless] = [await sampleImage({ codec: 'gzip' }), await sampleImage()];
    await storeImage(store, tagged, 'app:1');
    await storeImage(store, nameless);
    const details = await inspectImage('app:1', { store, platform });
    assert.deepEqual(
      details.layers,
      tagged.layers.map(({ digest, diffId, bytes }) => ({
        digest,
        diffId,
        sizeBytes: bytes.byteLength,
      })),
    );
    assert.equal(details.lastTagMs, store.images.list().find(({ tags }) => tags.length)?.putAtMs);
    const other = await inspectImage(nameless.imageId, { store, platform });
    assert.equal(other.lastTagMs, undefined);
  });

  it('of one platform, when asked', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    await storeImage(store, index, 'multi');
    await storeImage(store, await sampleImage(), 'single');
    for (const { config, imageId } of index.images) {
      const only = { os: config.os, architecture: config.architecture };
      assert.equal((await inspectImage('multi', { store, platform, only })).imageId, imageId);
    }
    const only = { os: 'linux', architecture: 's390x' };
    await assert.rejects(inspectImage('single', { store, platform, only }), {
      code: 'PLATFORM_UNKNOWN',
      message:
        'image with reference single was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)',
    });
  });

  it('finds by name, digest, ID with and without sha256, and the beginning of an ID', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1');
    const hex = encodedOf(image.imageId);
    for (const text of [
      'app:1',
      'docker.io/library/app:1',
      `app@${image.manifest.digest}`,
      image.imageId,
      image.manifest.digest,
      hex,
      hex.slice(0, 12),
      `sha256:${hex.slice(0, 5)}`,
    ]) {
      assert.equal((await inspectImage(text, { store, platform })).imageId, image.imageId, text);
    }
  });

  it('what is not here: IMAGE_UNKNOWN in docker’s words', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await storeImage(store, await sampleImage(), 'app:1');
    for (const text of ['app', 'app:2', 'other:1', `sha256:${'0'.repeat(64)}`, 'f'.repeat(64)]) {
      await assert.rejects(inspectImage(text, { store, platform }), {
        code: 'IMAGE_UNKNOWN',
        message: `No such image: ${text}`,
      });
    }
  });

  it('a beginning of several IDs: IMAGE_ID_AMBIGUOUS', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const seen = new Map<string, string>();
    for (;;) {
      const image = await sampleImage({ layers: 0 });
      await storeImage(store, image);
      const start = encodedOf(image.imageId).slice(0, 1);
      if (!seen.has(start)) {
        seen.set(start, image.imageId);
        continue;
      }
      await assert.rejects(inspectImage(start, { store, platform }), {
        code: 'IMAGE_ID_AMBIGUOUS',
      });
      return;
    }
  });

  it('a name wins over the beginning of an ID', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [byId, named] = [await sampleImage(), await sampleImage()];
    await storeImage(store, byId);
    const text = encodedOf(byId.imageId).slice(0, 12);
    await storeImage(store, named, text);
    assert.equal((await inspectImage(text, { store, platform })).imageId, named.imageId);
  });
});

describe('tagImage', () => {
  it('adds a name; a tag that was elsewhere moves', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [first, second] = [await sampleImage(), await sampleImage()];
    await storeImage(store, first, 'a');
    await storeImage(store, second, 'b');
    await tagImage('a', 'localhost:5000/x:1', { store, platform });
    await tagImage('b', 'a', { store, platform });
    const found = await inspectImage('a', { store, platform });
    assert.equal(found.imageId, second.imageId);
    const moved = await inspectImage('localhost:5000/x:1', { store, platform });
    assert.equal(moved.imageId, first.imageId);
  });

  it('an index keeps all its platforms under the new name', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const index = await sampleIndex();
    await storeImage(store, index, 'multi');
    await tagImage('multi', 'other', { store, platform });
    const arm64 = { os: 'linux', architecture: 'arm64' };
    const found = await inspectImage('other', { store, platform: arm64 });
    assert.equal(found.imageId, index.images[1]?.imageId);
  });

  it('refuses a digest as target and an unknown source', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'a');
    const options = { store, platform };
    await assert.rejects(tagImage('a', `b@${image.manifest.digest}`, options), {
      code: 'REFERENCE_INVALID',
    });
    await assert.rejects(tagImage('none', 'b', options), { code: 'IMAGE_UNKNOWN' });
    await assert.rejects(tagImage('a', 'B', options), { code: 'REFERENCE_INVALID' });
  });
});

describe('removeImage', () => {
  it('one of two names: only untagged, the image stays', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1', 'app:2');
    assert.deepEqual(await removeImage('app:1', { store, platform }), [
      { kind: 'untagged', name: 'app:1' },
    ]);
    assert.equal((await inspectImage('app:2', { store, platform })).imageId, image.imageId);
  });

  it('the last tag of a repository takes its digest along', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1', 'other:1');
    assert.deepEqual(await removeImage('app:1', { store, platform }), [
      { kind: 'untagged', name: 'app:1' },
      { kind: 'untagged', name: `app@${image.manifest.digest}` },
    ]);
    const left = await inspectImage('other:1', { store, platform });
    assert.deepEqual(namesOf(left).digests, [`other@${image.manifest.digest}`]);
  });

  it('the last name: untagged, deleted, and every byte of it is gone', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1');
    assert.deepEqual(await removeImage('app:1', { store, platform }), [
      { kind: 'untagged', name: 'app:1' },
      { kind: 'untagged', name: `app@${image.manifest.digest}` },
      { kind: 'deleted', name: image.imageId },
    ]);
    assert.deepEqual(await blobsIn(store), []);
    await assert.rejects(inspectImage('app:1', { store, platform }), { code: 'IMAGE_UNKNOWN' });
  });

  it('layers that another image uses stay', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const shared = await sampleLayer();
    const [gone, kept] = [imageOf([shared]), imageOf([shared])];
    await storeImage(store, gone, 'gone');
    await storeImage(store, kept, 'kept');
    await removeImage('gone', { store, platform });
    const blobs = [kept.manifest, ...kept.blobs].map(({ digest }) => encodedOf(digest));
    assert.deepEqual(await blobsIn(store), blobs.sort());
  });

  it('an ID with several names: IMAGE_IN_USE, unless forced', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1', 'app:2');
    const id = encodedOf(image.imageId).slice(0, 12);
    await assert.rejects(removeImage(id, { store, platform }), {
      code: 'IMAGE_IN_USE',
      message: `conflict: unable to delete ${id} (must be forced) - image is referenced in multiple repositories`,
    });
    const removed = await removeImage(id, { store, platform, force: true });
    assert.deepEqual(removed.at(-1), { kind: 'deleted', name: image.imageId });
    assert.deepEqual(await blobsIn(store), []);
  });

  it('an ID with one name, or none, needs no force', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [named, nameless] = [await sampleImage(), await sampleImage()];
    await storeImage(store, named, 'app');
    await storeImage(store, nameless);
    await removeImage(encodedOf(named.imageId).slice(0, 12), { store, platform });
    assert.deepEqual(await removeImage(nameless.imageId, { store, platform }), [
      { kind: 'deleted', name: nameless.imageId },
    ]);
    assert.deepEqual(await listImages({ store, platform }), []);
  });

  it('an index goes with all its images', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await storeImage(store, await sampleIndex(), 'multi');
    await removeImage('multi', { store, platform });
    assert.deepEqual(await blobsIn(store), []);
    assert.deepEqual(store.images.list(), []);
  });

  for (const [what, spoil] of [
    ['lost', (path: string) => rm(path)],
    ['damaged', (path: string) => truncate(path, 10)],
  ] as const) {
    it(`an image whose config is ${what} goes by each of its names, with all its bytes`, async () => {
      await using place = await temporaryStore();
      const { store } = place;
      const [broken, good] = [await sampleImage(), await sampleImage()];
      await storeImage(store, broken, 'app:1', 'app:2', 'other');
      await storeImage(store, good, 'good');
      await spoil(store.paths.blob(broken.imageId));
      const told: string[] = [];
      const onBroken = ({ names }: BrokenImage) => told.push(...names.map(familiarReference));
      const ids = (await listImages({ store, platform, onBroken })).map(({ imageId }) => imageId);
      assert.deepEqual(ids, [good.imageId]);
      assert.deepEqual(told, ['app:1', 'app:2', 'other:latest']);
      const named = (name: string) => ({ kind: 'untagged', name });
      const { digest } = broken.manifest;
      assert.deepEqual(await removeImage('app:1', { store, platform }), [named('app:1')]);
      assert.deepEqual(await removeImage('app:2', { store, platform }), [
        named('app:2'),
        named(`app@${digest}`),
      ]);
      assert.deepEqual(await removeImage(`other@${digest}`, { store, platform }), [
        named(`other@${digest}`),
        named('other:latest'),
      ]);
      await assert.rejects(removeImage('other', { store, platform }), { code: 'IMAGE_UNKNOWN' });
      const blobs = [good.manifest, ...good.blobs].map((blob) => encodedOf(blob.digest));
      assert.deepEqual(await blobsIn(store), blobs.sort());
    });
  }

  it('what is not here: IMAGE_UNKNOWN', async () => {
    await using place = await temporaryStore();
    await assert.rejects(removeImage('none', { store: place.store, platform }), {
      code: 'IMAGE_UNKNOWN',
    });
  });
});

function namesOf({ tags, digests }: ImageSummary) {
  return { tags: tags.map(familiarReference), digests: digests.map(familiarReference) };
}

async function blobsIn(store: LocalStore): Promise<readonly string[]> {
  return (await readdir(`${store.paths.blobs}/sha256`)).sort();
}
