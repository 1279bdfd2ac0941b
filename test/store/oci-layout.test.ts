/** An OCI layout folder keeps the contract, and is what other tools expect on disk. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { OciLayout } from '#store/oci-layout.ts';
import { repositoryContract } from '#test/contract/repository.ts';
import { putImage, putIndex, sampleImage, sampleIndex } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

repositoryContract('OCI layout folder', async () => {
  const folder = tempFolder();
  return {
    repository: await OciLayout.open(folder.path, { create: true }),
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]();
    },
  };
});

describe('OCI layout on disk', () => {
  it('has oci-layout, index.json with the ref name, and blobs; nothing else', async () => {
    using folder = tempFolder();
    const layout = await OciLayout.open(folder.path, { create: true });
    const image = await sampleImage();
    await putImage(layout, image, 'v1');
    assert.deepEqual((await readdir(folder.path)).sort(), ['blobs', 'index.json', 'oci-layout']);
    assert.deepEqual(await readdir(folder.at('blobs')), ['sha256']);
    assert.equal((await readdir(folder.at('blobs/sha256'))).length, 4);
    const index: unknown = JSON.parse(await readFile(folder.at('index.json'), 'utf8'));
    assert.deepEqual(index, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: image.manifest.mediaType,
          digest: image.manifest.digest,
          size: image.manifest.bytes.byteLength,
          annotations: { 'org.opencontainers.image.ref.name': 'v1' },
        },
      ],
    });
  });

  it('lists an index, not its children; an untagged image has an entry without a name', async () => {
    using folder = tempFolder();
    const layout = await OciLayout.open(folder.path, { create: true });
    const [index, image] = [await sampleIndex(), await sampleImage()];
    await putIndex(layout, index, 'multi');
    await putImage(layout, image);
    assert.deepEqual(
      layout.entries.map(({ digest, annotations }) => [digest, annotations !== undefined]),
      [
        [index.manifest.digest, true],
        [image.manifest.digest, false],
      ],
    );
  });

  it('annotations of other writers survive', async () => {
    using folder = tempFolder();
    const layout = await OciLayout.open(folder.path, { create: true });
    await putImage(layout, await sampleImage(), 'v1');
    const text = await readFile(folder.at('index.json'), 'utf8');
    const name = '"io.containerd.image.name":"docker.io/library/a:v1",';
    await writeFile(folder.at('index.json'), text.replace('"annotations":{', `$&${name}`));
    const again = await OciLayout.open(folder.path);
    await putImage(again, await sampleImage(), 'v2');
    assert.ok((await readFile(folder.at('index.json'), 'utf8')).includes(name));
  });

  it('a folder that is none: FILE_MISSING; a damaged index.json: ARCHIVE_INVALID', async () => {
    using folder = tempFolder();
    await assert.rejects(OciLayout.open(folder.path), { code: 'FILE_MISSING' });
    await writeFile(folder.at('index.json'), '{"manifests":[{"digest":"x"}]}');
    await assert.rejects(OciLayout.open(folder.path), { code: 'ARCHIVE_INVALID' });
  });

  it('a damaged blob is found on reading', async () => {
    using folder = tempFolder();
    const layout = await OciLayout.open(folder.path, { create: true });
    const image = await sampleImage();
    await putImage(layout, image, 'v1');
    const path = folder.at('blobs', image.imageId.replace(':', '/'));
    await writeFile(path, 'x'.repeat(10));
    await assert.rejects(Array.fromAsync(layout.blobs.read(image.imageId)), {
      code: 'DIGEST_MISMATCH',
    });
  });
});
