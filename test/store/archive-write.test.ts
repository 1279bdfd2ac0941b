/**
 * What we write as one tar keeps the reading half of the contract in both of its forms: as an OCI
 * layout and, with index.json taken away, as a docker-archive.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parseReference } from '#core/reference.ts';
import { type ArchivedImage, lookUp, planArchive } from '#store/archive-plan.ts';
import { writeImageArchive } from '#store/archive-write.ts';
import { readDockerArchive } from '#store/docker-archive.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { readOciArchive } from '#store/oci-archive.ts';
import { PackedRepository } from '#store/packed-repository.ts';
import { openTarFiles } from '#store/tar-files.ts';
import { readOnlyRepositoryContract, type SampleContents } from '#test/contract/repository.ts';
import { collect, putImage, putIndex, sampleImage } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

readOnlyRepositoryContract('image archive we wrote', async (contents) => {
  const folder = tempFolder();
  const path = folder.at('images.tar');
  await writeFile(path, await archiveOf(contents));
  const tar = await openTarFiles(path);
  const read = await readOciArchive(tar);
  assert.ok(read);
  return {
    repository: new PackedRepository(tar, read),
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]();
    },
  };
});

describe('image archive', () => {
  it('is the same bytes for the same images', async () => {
    const contents = [{ tag: 'v1', content: await sampleImage() }];
    assert.ok((await archiveOf(contents)).equals(await archiveOf(contents)));
  });

  it('names that every object has a property of are names like others', async () => {
    using folder = tempFolder();
    const image = await sampleImage();
    const from = new MemoryRepository();
    await putImage(from, image, '1');
    const names = ['constructor:is', 'constructor:__proto__'].map(parseReference);
    await writeFile(folder.at('x.tar'), await written([{ from, selector: '1', names }]));
    assert.equal(typeof Object.is, 'function');
    const bytes = await collect((await openTarFiles(folder.at('x.tar'))).read('repositories'));
    const { constructor: tags } = JSON.parse(bytes.toString());
    assert.deepEqual(Object.keys(tags), ['is', '__proto__']);
  });

  it('has the documents first, then manifests and configs, then layers, each once', async () => {
    using folder = tempFolder();
    const image = await sampleImage();
    const contents = [
      { tag: 'v1', content: image },
      { tag: 'v2', content: image },
    ];
    await writeFile(folder.at('x.tar'), await archiveOf(contents));
    const { paths } = await openTarFiles(folder.at('x.tar'));
    const [config, ...layers] = image.blobs;
    assert.ok(config);
    const pathOf = ({ digest }: { digest: string }): string => `blobs/sha256/${digest.slice(7)}`;
    assert.deepEqual(paths, [
      'oci-layout',
      'index.json',
      'manifest.json',
      'repositories',
      'blobs',
      'blobs/sha256',
      ...[image.manifest, config].map(pathOf).sort(),
      ...layers.map(pathOf).sort(),
      'bundle.json',
    ]);
  });

  it('read as docker-archive it gives the same image ID and layers', async () => {
    using folder = tempFolder();
    const image = await sampleImage();
    await writeFile(folder.at('x.tar'), await archiveOf([{ tag: 'v1', content: image }]));
    const tar = await openTarFiles(folder.at('x.tar'));
    const read = await readDockerArchive(tar);
    assert.ok(read);
    const repository = new PackedRepository(tar, read);
    assert.deepEqual(
      repository.images.map(({ names }) => names),
      [[parseReference('app:v1')]],
    );
    // Our manifests are made the same way as the reader makes one, so even the digest is the same.
    assert.equal((await repository.resolve('app:v1')).digest, image.manifest.digest);
    for (const { digest, bytes } of image.blobs) {
      assert.deepEqual(await collect(repository.blobs.read(digest)), Buffer.from(bytes));
    }
  });

  it('images without a name, and without layers, are kept', async () => {
    using folder = tempFolder();
    const repository = new MemoryRepository();
    const image = await sampleImage({ layers: 0 });
    await putImage(repository, image);
    const bytes = await written([{ from: repository, selector: image.manifest.digest, names: [] }]);
    await writeFile(folder.at('x.tar'), bytes);
    const tar = await openTarFiles(folder.at('x.tar'));
    for (const read of [await readOciArchive(tar), await readDockerArchive(tar)]) {
      assert.deepEqual(read?.images, [
        {
          manifest: {
            mediaType: image.manifest.mediaType,
            digest: image.manifest.digest,
            size: image.manifest.bytes.byteLength,
          },
          names: [],
          refNames: [],
        },
      ]);
    }
  });

  it('two images with the same tag are told apart by their full names', async () => {
    using folder = tempFolder();
    const repository = new MemoryRepository();
    const images: ArchivedImage[] = [];
    for (const name of ['a:latest', 'b:latest']) {
      const image = await sampleImage();
      await putImage(repository, image);
      const selector = image.manifest.digest;
      images.push({ from: repository, selector, names: [parseReference(name)] });
    }
    await writeFile(folder.at('x.tar'), await written(images));
    const tar = await openTarFiles(folder.at('x.tar'));
    const read = await readOciArchive(tar);
    assert.ok(read);
    const packed = new PackedRepository(tar, read);
    assert.equal((await packed.resolve('b:latest')).digest, images[1]?.selector);
    await assert.rejects(packed.resolve('latest'), { code: 'MANIFEST_UNKNOWN' });
  });

  it('cannot be written to', async () => {
    using folder = tempFolder();
    const image = await sampleImage();
    await writeFile(folder.at('x.tar'), await archiveOf([{ tag: 'v1', content: image }]));
    const tar = await openTarFiles(folder.at('x.tar'));
    const packed = new PackedRepository(tar, (await readOciArchive(tar)) ?? { images: [] });
    await assert.rejects(packed.putManifest(), { code: 'READ_ONLY' });
    await assert.rejects(packed.blobs.ingest(), { code: 'READ_ONLY' });
  });
});

/** The contents under names `app:<tag>`. */
async function archiveOf(contents: SampleContents): Promise<Buffer> {
  const repository = new MemoryRepository();
  const images: ArchivedImage[] = [];
  for (const { tag, content } of contents) {
    if ('images' in content) await putIndex(repository, content);
    else await putImage(repository, content);
    const names = [parseReference(`app:${tag}`)];
    images.push({ from: repository, selector: content.manifest.digest, names });
  }
  return await written(images);
}

async function written(images: readonly ArchivedImage[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const trees = await Promise.all(images.map((image) => lookUp(image)));
  const plan = planArchive({
    images: trees,
    show: (index) => {
      const [first] = index.manifests;
      assert.ok(first);
      return first;
    },
  });
  await writeImageArchive(plan, {
    sink: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
  });
  const bytes = Buffer.concat(chunks);
  assert.equal(bytes.byteLength, plan.sizeBytes);
  return bytes;
}
