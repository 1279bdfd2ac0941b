/** One more platform of an image that is here, against a repository in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pLimit from 'p-limit';
import { decodeManifest } from '#core/manifest.ts';
import { formatPlatform, type Platform } from '#core/platform.ts';
import { parseReference } from '#core/reference.ts';
import { inspectImage } from '#image/inspect.ts';
import { pullImage } from '#image/pull.ts';
import { pullPlatform } from '#image/pull-platform.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { putIndex, sampleIndex } from '#test/helpers/images.ts';
import { type StoreUnderTest, temporaryStore } from '#test/helpers/store.ts';

const [amd64, arm64, s390x] = ['amd64', 'arm64', 's390x'].map((architecture) => ({
  os: 'linux',
  architecture,
})) as [Platform, Platform, Platform];
const reference = parseReference('app:1');
const limit = pLimit(2);

async function platformsAt({ store }: StoreUnderTest): Promise<readonly string[]> {
  await using lease = await store.lease({ purpose: 'test' });
  const local = store.repository({ space: 'images', name: 'docker.io/library/app', lease });
  const manifest = decodeManifest(await local.getManifest('1'));
  if (manifest.kind === 'image') return ['(an image)'];
  return manifest.manifests.map(({ platform }) => (platform ? formatPlatform(platform) : '?'));
}

test('the name stands for all platforms that are here, the index in the registry too', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const remote = new MemoryRepository();
  const index = await sampleIndex([amd64, arm64, s390x]);
  await putIndex(remote, index, '1');
  const options = { store, remote, reference, limit };
  await pullImage({ ...options, platform: amd64 });
  assert.deepEqual(await platformsAt(place), ['(an image)']);
  await pullPlatform({ ...options, platform: arm64 });
  assert.deepEqual(await platformsAt(place), ['linux/amd64', 'linux/arm64']);
  await pullPlatform({ ...options, platform: arm64 });
  await pullPlatform({ ...options, platform: s390x });
  assert.deepEqual(await platformsAt(place), ['linux/amd64', 'linux/arm64', 'linux/s390x']);
  for (const [i, platform] of [amd64, arm64, s390x].entries()) {
    for (const name of ['app:1', `app@${index.manifest.digest}`]) {
      const found = await inspectImage(name, { store, platform });
      assert.equal(found.imageId, index.images[i]?.imageId, `${name} ${platform.architecture}`);
    }
  }
});

test('of an older index nothing stays under the name', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const remote = new MemoryRepository();
  const options = { store, remote, reference, limit };
  await putIndex(remote, await sampleIndex([amd64, arm64]), '1');
  await pullImage({ ...options, platform: amd64 });
  await putIndex(remote, await sampleIndex([amd64, arm64]), '1');
  await pullPlatform({ ...options, platform: arm64 });
  assert.deepEqual(await platformsAt(place), ['(an image)']);
});

test('a platform that the index has not: the name stays as it is', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const remote = new MemoryRepository();
  const options = { store, remote, reference, limit };
  await putIndex(remote, await sampleIndex([amd64, arm64]), '1');
  await pullImage({ ...options, platform: amd64 });
  await assert.rejects(pullPlatform({ ...options, platform: s390x }), { code: 'PLATFORM_UNKNOWN' });
  assert.deepEqual(await platformsAt(place), ['(an image)']);
});
