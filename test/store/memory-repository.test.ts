/** The repository in memory keeps the contract, on its own blobs and over another place's. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryRepository } from '#store/memory-repository.ts';
import { repositoryContract } from '#test/contract/repository.ts';
import { putBlob, sampleImage } from '#test/helpers/images.ts';

repositoryContract('memory', async () => ({
  repository: new MemoryRepository(),
  async [Symbol.asyncDispose]() {},
}));

it('manifests can be put over the blobs of another place', async () => {
  const below = new MemoryRepository();
  const above = new MemoryRepository({ blobs: below.blobs });
  const image = await sampleImage();
  for (const blob of image.blobs) await putBlob(below.blobs, blob);
  await above.putManifest(image.manifest, { tag: 'v1' });
  assert.equal((await above.resolve('v1')).digest, image.manifest.digest);
  await assert.rejects(below.resolve('v1'), { code: 'MANIFEST_UNKNOWN' });
});
