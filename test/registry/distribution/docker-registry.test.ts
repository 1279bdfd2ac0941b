/** With the real one: what was pushed to docker's registry is taken over, and it starts on what we write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportDistribution } from '#registry/distribution/export.ts';
import { importDistribution } from '#registry/distribution/import.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { collect, putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

test('docker-registry, there and back', async (t) => {
  const unfit = await peers().unfit('docker-registry');
  if (unfit !== undefined) return t.skip(unfit);
  await using place = await temporaryStore();
  const { store } = place;
  const [image, index] = [await sampleImage({ codec: 'gzip' }), await sampleIndex()];
  {
    await using theirs = await startDockerRegistry();
    await using team = remoteAt(theirs.address, { repository: 'team/app' });
    await putImage(team, image, 'v1');
    await putIndex(team, index, 'multi');
    const { problems, ...taken } = await importDistribution(theirs.data, store, {});
    assert.equal(problems, 0);
    assert.deepEqual([taken.repositories, taken.tags, taken.manifests], [1, 2, 4]);
  }
  using folder = tempFolder();
  await exportDistribution(folder.at('out'), store, {});
  await using theirs = await startDockerRegistry(folder.at('out'));
  await using team = remoteAt(theirs.address, { repository: 'team/app' });
  assert.deepEqual(await Array.fromAsync(team.tags()), ['multi', 'v1']);
  const found = await team.getManifest('v1');
  assert.deepEqual(Buffer.from(found.bytes), Buffer.from(image.manifest.bytes));
  for (const { digest, bytes } of [image, ...index.images].flatMap(({ blobs }) => blobs)) {
    assert.deepEqual(await collect(team.blobs.read(digest)), Buffer.from(bytes));
  }
});
