/** save and load: round trips, what load recognises, and what it says about the rest. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import pLimit from 'p-limit';
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import { encodedOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { LoadedImage } from '#core/local-image.ts';
import { descriptorOf } from '#core/manifest.ts';
import { familiarReference } from '#core/reference.ts';
import { inspectImage } from '#image/inspect.ts';
import { listImages } from '#image/list.ts';
import { loadImages } from '#image/load.ts';
import { removeImage } from '#image/remove.ts';
import { resolveImage } from '#image/resolve.ts';
import { type SaveOptions, saveImages } from '#image/save.ts';
import { tagImage } from '#image/tag.ts';
import type { LocalStore } from '#store/local-store.ts';
import { OciLayout } from '#store/oci-layout.ts';
import {
  putImage,
  putIndex,
  type SampleImage,
  type SampleLayer,
  sampleImage,
  sampleIndex,
  sampleLayer,
  sampleTar,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

describe('save and load', () => {
  it('names, IDs and manifest digests survive; what was saved twice is the same file', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const [a, b] = [await sampleImage(), await sampleImage({ codec: 'gzip' })];
    await storeImage(from.store, a, 'a:1', 'localhost:5000/a:2');
    await storeImage(from.store, b, 'b');
    const images = ['a:1', 'localhost:5000/a:2', 'b'];
    await save(from.store, images, folder.at('x.tar'));
    await save(from.store, images, folder.at('y.tar'));
    assert.ok((await readFile(folder.at('x.tar'))).equals(await readFile(folder.at('y.tar'))));
    const loaded = await load(to.store, folder.at('x.tar'));
    assert.deepEqual(textOf(loaded), [
      [a.imageId, 'a:1', 'localhost:5000/a:2'],
      [b.imageId, 'b:latest'],
    ]);
    for (const [name, image] of [
      ['a:1', a],
      ['b', b],
    ] as const) {
      const found = await inspectImage(name, { store: to.store, platform });
      assert.equal(found.manifest.digest, image.manifest.digest);
    }
    assert.deepEqual(await temporaryFiles(to.store), []);
  });

  it('a repository name alone saves all its tags', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    await storeImage(from.store, await sampleImage(), 'app:1');
    await storeImage(from.store, await sampleImage(), 'app:2');
    await save(from.store, ['app'], folder.at('x.tar'));
    const names = (await load(to.store, folder.at('x.tar'))).flatMap((image) => image.names);
    assert.deepEqual(names.map(familiarReference), ['app:1', 'app:2']);
  });

  for (const form of [
    '12 digits',
    'the whole ID',
    'the whole ID without its algorithm',
    'the beginning of an ID',
  ]) {
    it(`by ID (${form}) the name stays behind`, async () => {
      using folder = tempFolder();
      await using from = await temporaryStore();
      await using to = await temporaryStore();
      const image = await sampleImage();
      await storeImage(from.store, image, 'app:1');
      const { imageId } = image;
      const id =
        {
          '12 digits': encodedOf(imageId).slice(0, 12),
          'the whole ID': imageId,
          'the whole ID without its algorithm': encodedOf(imageId),
        }[form] ?? imageId.slice(0, 20);
      const { images } = await save(from.store, [id], folder.at('x.tar'));
      assert.deepEqual(
        images.map(({ names }) => names),
        [[]],
      );
      assert.deepEqual(textOf(await load(to.store, folder.at('x.tar'))), [[imageId]]);
      const [summary] = await listImages({ store: to.store, platform });
      assert.deepEqual(summary?.tags, []);
    });
  }

  it('an index keeps all its platforms', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const index = await sampleIndex();
    await storeImage(from.store, index, 'multi');
    await save(from.store, ['multi'], folder.at('x.tar'));
    await load(to.store, folder.at('x.tar'));
    const arm64 = { os: 'linux', architecture: 'arm64' };
    const found = await inspectImage('multi', { store: to.store, platform: arm64 });
    assert.equal(found.imageId, index.images[1]?.imageId);
    assert.equal(found.manifest.digest, index.manifest.digest);
  });

  it('an index without this machine’s platform can be moved, tagged and removed too', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const index = await sampleIndex([{ os: 'linux', architecture: 's390x' }]);
    await storeImage(from.store, index, 'foreign');
    await save(from.store, ['foreign'], folder.at('x.tar'));
    const imageId = index.images[0]?.imageId;
    assert.deepEqual(textOf(await load(to.store, folder.at('x.tar'))), [
      [imageId, 'foreign:latest'],
    ]);
    const local = { store: to.store, platform };
    await tagImage('foreign', 'other', local);
    assert.equal((await inspectImage('other', local)).imageId, imageId);
    await removeImage('other', local);
    await removeImage('foreign', local);
    assert.deepEqual(await listImages(local), []);
    await using lease = await from.store.lease({ purpose: 'run' });
    const strict = { store: from.store, platform, lease };
    await assert.rejects(resolveImage('foreign', strict), { code: 'PLATFORM_UNKNOWN' });
  });

  it('through streams, and compressed with gzip or zstd', async () => {
    await using from = await temporaryStore();
    const image = await sampleImage({ fileSize: 300_000 });
    await storeImage(from.store, image, 'app');
    const chunks: Buffer[] = [];
    const output = new Writable({
      highWaterMark: 1000,
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk);
        setImmediate(done);
      },
    });
    await saveImages({ store: from.store, images: ['app'], output, platform });
    const tar = Buffer.concat(chunks);
    for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      using folder = tempFolder();
      await using to = await temporaryStore();
      await writeFile(folder.at('x'), bytes);
      const stream = createReadStream(folder.at('x'));
      assert.deepEqual(textOf(await load(to.store, stream)), [[image.imageId, 'app:latest']]);
      assert.deepEqual(textOf(await load(to.store, folder.at('x'))), [
        [image.imageId, 'app:latest'],
      ]);
      assert.deepEqual(await temporaryFiles(to.store), []);
    }
  });

  it('what is not here cannot be saved, and leaves no file', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await assert.rejects(save(from.store, ['none'], folder.at('x.tar')), { code: 'IMAGE_UNKNOWN' });
    assert.deepEqual(await readdir(folder.path), []);
  });

  it('a damaged layer in the store stops save, and leaves no file', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app');
    const layer = image.layers[0];
    assert.ok(layer);
    const damaged = Buffer.alloc(layer.bytes.byteLength, 7);
    await writeFile(from.store.paths.blob(layer.digest), damaged);
    await assert.rejects(save(from.store, ['app'], folder.at('x.tar')), {
      code: 'DIGEST_MISMATCH',
    });
    assert.deepEqual(await readdir(folder.path), []);
  });
});

describe('load', () => {
  it('reads an OCI layout folder; a bare tag is no name', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const layout = await OciLayout.open(folder.path, { create: true });
    const [named, bare] = [await sampleImage(), await sampleImage()];
    await putImage(layout, bare, 'latest');
    await putImage(layout, named, 'v1');
    const path = folder.at('index.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"v1"', '"localhost/app:v1"'));
    assert.deepEqual(textOf(await load(to.store, folder.path)), [
      [bare.imageId],
      [named.imageId, 'localhost/app:v1'],
    ]);
  });

  it('the images of an index that its writer lists beside it are no images of their own', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const layout = await OciLayout.open(folder.path, { create: true });
    const index = await sampleIndex();
    await putIndex(layout, index, 'v1');
    // As oras writes it.
    const path = folder.at('index.json');
    const named = (await readFile(path, 'utf8')).replace('"v1"', '"localhost/multi:1"');
    const document: { manifests: object[] } = JSON.parse(named);
    const children = index.images.map(({ manifest }) => descriptorOf(manifest));
    const manifests = [...children, ...document.manifests];
    await writeFile(path, JSON.stringify({ ...document, manifests }));
    const imageId = index.images[0]?.imageId;
    assert.deepEqual(textOf(await load(to.store, folder.path)), [[imageId, 'localhost/multi:1']]);
  });

  it('a folder of skopeo’s form dir: FILE_UNUSABLE, and how to make it loadable', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const { manifest, blobs } = await sampleImage({ codec: 'gzip' });
    await writeFile(folder.at('version'), 'Directory Transport Version: 1.1\n');
    await writeFile(folder.at('manifest.json'), manifest.bytes);
    for (const { digest, bytes } of blobs) await writeFile(folder.at(encodedOf(digest)), bytes);
    await assert.rejects(load(to.store, folder.path), (error) => {
      assert.ok(isSlipwayError(error, 'FILE_UNUSABLE'), String(error));
      assert.match(error.hint ?? '', /skopeo copy dir:\S+ oci-archive:images\.tar:NAME/);
      return true;
    });
  });

  it('reads a docker-archive of the old kind: <id>/layer.tar, shared by a link', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const image = await sampleImage();
    await writeFile(folder.at('old.tar'), await oldDockerArchive(image, ['app:1', 'app:2']));
    const loaded = await load(to.store, folder.at('old.tar'));
    assert.deepEqual(textOf(loaded), [[image.imageId, 'app:1', 'app:2']]);
    const found = await inspectImage('app:2', { store: to.store, platform });
    assert.deepEqual(found.config, image.config);
  });

  it('reads a docker-archive whose layers are compressed, and one without names', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const image = await sampleImage({ codec: 'gzip' });
    await writeFile(folder.at('old.tar'), await oldDockerArchive(image, null));
    assert.deepEqual(textOf(await load(to.store, folder.at('old.tar'))), [[image.imageId]]);
  });

  for (const tool of ['xz', 'bzip2']) {
    it(`reads a docker-archive whose layers are compressed with ${tool}`, async (t) => {
      using folder = tempFolder();
      await using to = await temporaryStore();
      const image = await sampleImage({ fileSize: 20_000 });
      const layers: SampleLayer[] = [];
      for (const layer of image.layers) {
        await writeFile(folder.at('layer'), layer.bytes);
        const packed = spawnSync(tool, ['-c', folder.at('layer')], { maxBuffer: 1_000_000 });
        if (packed.error) return t.skip(`needs ${tool}: ${packed.error.message}`);
        layers.push({ ...layer, bytes: packed.stdout });
      }
      const tar = await oldDockerArchive({ ...image, layers }, ['app:1']);
      await writeFile(folder.at('x.tar'), tar);
      assert.deepEqual(textOf(await load(to.store, folder.at('x.tar'))), [
        [image.imageId, 'app:1'],
      ]);
    });
  }

  it('reads what docker before 1.10 wrote: the config is made as docker makes it', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const layers = [await sampleLayer(), await sampleLayer()];
    await writeFile(folder.at('x.tar'), await ancientArchive(layers));
    const loaded = await load(to.store, folder.at('x.tar'));
    assert.deepEqual(
      loaded.map(({ names }) => names.map(familiarReference)),
      [['app:1', 'app:2']],
    );
    const { config, imageId } = await inspectImage('app:1', { store: to.store, platform });
    assert.equal(imageId, loaded[0]?.imageId);
    assert.deepEqual(
      config.rootfs.diff_ids,
      layers.map(({ diffId }) => diffId),
    );
    assert.deepEqual(config.config.Cmd, ['/bin/sh']);
    assert.deepEqual(
      config.history.map(({ created_by }) => created_by),
      ['/bin/sh -c #(nop) ADD 0', '/bin/sh -c #(nop) ADD 1'],
    );
  });

  it('docker before 1.10: parents in a circle, a lost layer, no image: ARCHIVE_INVALID', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const layers = [await sampleLayer(), await sampleLayer()];
    const cases: readonly (readonly [RegExp, (files: Record<string, Uint8Array>) => void])[] = [
      [
        /lead in a circle/,
        (files) => {
          files[`${ID(0)}/json`] = Buffer.from(JSON.stringify({ id: ID(0), parent: ID(1) }));
        },
      ],
      [/layer\.tar is missing/, (files) => void delete files[`${ID(0)}/layer.tar`]],
      [
        /names no image/,
        (files) => {
          files.repositories = Buffer.from('{}');
        },
      ],
      [
        /is no layer ID/,
        (files) => {
          files.repositories = Buffer.from('{"app":{"1":"../../etc"}}');
        },
      ],
    ];
    for (const [message, change] of cases) {
      await writeFile(folder.at('x.tar'), await ancientArchive(layers, change));
      await assert.rejects(load(to.store, folder.at('x.tar')), {
        code: 'ARCHIVE_INVALID',
        message,
      });
    }
    assert.deepEqual(to.store.images.list(), []);
  });

  it('a layer that is not what the config says: DIGEST_MISMATCH, no name', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const image = await sampleImage();
    const [first, second] = image.layers;
    assert.ok(first && second);
    const swapped = { ...image, layers: [{ ...first, bytes: second.bytes }, second] };
    await writeFile(folder.at('x.tar'), await oldDockerArchive(swapped, ['app:1']));
    await assert.rejects(load(to.store, folder.at('x.tar')), { code: 'DIGEST_MISMATCH' });
    assert.deepEqual(await listImages({ store: to.store, platform }), []);
  });

  it('of an index of which only one platform was saved, that one is loaded', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const index = await sampleIndex();
    const [amd64, arm64] = index.images;
    assert.ok(amd64 && arm64);
    const blob = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;
    const annotations = { 'io.containerd.image.name': 'docker.io/library/app:1' };
    const { mediaType, digest, bytes } = index.manifest;
    const entry = { mediaType, digest, size: bytes.byteLength, annotations };
    const files: Record<string, Uint8Array> = {
      'index.json': Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] })),
    };
    for (const one of [index.manifest, amd64.manifest, ...amd64.blobs]) {
      files[blob(one.digest)] = one.bytes;
    }
    await writeFile(folder.at('x.tar'), await sampleTar(files));
    assert.deepEqual(textOf(await load(to.store, folder.at('x.tar'))), [[amd64.imageId, 'app:1']]);
  });

  it('reads a tar within a tar', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app');
    await save(from.store, ['app'], folder.at('x.tar'));
    const outer = await sampleTar({ 'team-app.tar': await readFile(folder.at('x.tar')) });
    await writeFile(folder.at('x.tar.gz'), gzipSync(outer));
    const loaded = await load(to.store, folder.at('x.tar.gz'));
    assert.deepEqual(textOf(loaded), [[image.imageId, 'app:latest']]);
  });

  it('a tar cut off anywhere: ARCHIVE_INVALID, no name, nothing temporary', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage({ fileSize: 5000 }), 'app');
    await save(from.store, ['app'], folder.at('x.tar'));
    const whole = await readFile(folder.at('x.tar'));
    for (const share of [0.2, 0.5, 0.8]) {
      await using to = await temporaryStore();
      await writeFile(folder.at('x.tar'), whole);
      await truncate(folder.at('x.tar'), Math.floor(whole.length * share));
      await assert.rejects(load(to.store, folder.at('x.tar')), { code: 'ARCHIVE_INVALID' });
      const cut = gzipSync(whole).subarray(0, Math.floor(whole.length * share * 0.3));
      await writeFile(folder.at('x.gz'), cut);
      await assert.rejects(load(to.store, folder.at('x.gz')), { code: 'ARCHIVE_INVALID' });
      assert.deepEqual(await listImages({ store: to.store, platform }), []);
      assert.deepEqual(await temporaryFiles(to.store), []);
    }
  });

  const REFUSED: readonly {
    readonly fact: string;
    readonly bytes: () => Promise<Uint8Array>;
    readonly found: string;
  }[] = [
    {
      fact: 'a root file system',
      bytes: () => sampleTar({ 'etc/passwd': Buffer.from('x'), 'bin/sh': Buffer.from('x') }),
      found: 'the files of a root file system',
    },
    {
      fact: 'some other tar',
      bytes: () => sampleTar({ 'readme.txt': Buffer.from('x') }),
      found: 'a tar without index.json or manifest.json',
    },
    { fact: 'an empty tar', bytes: () => sampleTar({}), found: 'an empty tar' },
    { fact: 'nothing', bytes: async () => Buffer.alloc(0), found: 'empty' },
    { fact: 'no tar', bytes: async () => Buffer.alloc(2000, 'text '), found: 'not a tar' },
  ];
  for (const { fact, bytes, found } of REFUSED) {
    it(`${fact}: FILE_UNUSABLE says so, with a hint`, async () => {
      using folder = tempFolder();
      await using to = await temporaryStore();
      await writeFile(folder.at('x'), await bytes());
      await assert.rejects(load(to.store, folder.at('x')), (error) => {
        assert.ok(isSlipwayError(error, 'FILE_UNUSABLE'), String(error));
        assert.equal(error.detail.found, found);
        assert.ok(error.hint);
        return true;
      });
    });
  }

  it('a volume without its list is told what it needs; a cut archive is named', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const tar = await sampleTar({ 'oci-layout': Buffer.alloc(4000, 'x') });
    const needsList = /needs its list: .* with x\.tar\.volumes\.json first$/;
    await writeFile(folder.at('x.tar.002'), Buffer.alloc(2000, 'text '));
    await assert.rejects(load(to.store, folder.at('x.tar.002')), (error) => {
      assert.ok(isSlipwayError(error, 'FILE_UNUSABLE'), String(error));
      assert.match(error.message, /x\.tar\.002 is not a tar, so it is no image archive$/);
      assert.match(error.hint ?? '', needsList);
      return true;
    });
    for (const name of ['x.tar.001', 'cut.tar']) {
      await writeFile(folder.at(name), tar.subarray(0, 1500));
      await assert.rejects(load(to.store, folder.at(name)), (error) => {
        assert.ok(isSlipwayError(error, 'ARCHIVE_INVALID'), String(error));
        assert.ok(error.message.startsWith(`${folder.at(name)}: damaged archive: `), error.message);
        assert.equal(needsList.test(error.hint ?? ''), name === 'x.tar.001');
        return true;
      });
    }
  });

  it('a folder without images: FILE_UNUSABLE; a missing file: FILE_MISSING', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    await mkdir(folder.at('empty'));
    await assert.rejects(load(to.store, folder.at('empty')), { code: 'FILE_UNUSABLE' });
    await assert.rejects(load(to.store, folder.at('none')), { code: 'FILE_MISSING' });
  });

  it('an archive that names a file outside of itself is refused', async () => {
    using folder = tempFolder();
    await using to = await temporaryStore();
    const list = [{ Config: '../secret', RepoTags: null, Layers: [] }];
    await mkdir(folder.at('archive'));
    await writeFile(folder.at('secret'), '{}');
    await writeFile(folder.at('archive/manifest.json'), JSON.stringify(list));
    await assert.rejects(load(to.store, folder.at('archive')), { code: 'ARCHIVE_INVALID' });
    const tar = await sampleTar({ 'manifest.json': Buffer.from(JSON.stringify(list)) });
    await writeFile(folder.at('x.tar'), tar);
    await assert.rejects(load(to.store, folder.at('x.tar')), { code: 'ARCHIVE_INVALID' });
  });
});

async function save(
  store: LocalStore,
  images: readonly string[],
  output: string,
  more: Partial<SaveOptions> = {},
): Promise<ArchivePlanSummary> {
  return await saveImages({ store, images, output, platform, ...more });
}

function load(
  store: LocalStore,
  input: string | NodeJS.ReadableStream,
): Promise<readonly LoadedImage[]> {
  return loadImages({ store, input, platform, limit: pLimit(2) });
}

function textOf(loaded: readonly LoadedImage[]): readonly (readonly string[])[] {
  return loaded.map(({ imageId, names }) => [imageId, ...names.map(familiarReference)]);
}

async function temporaryFiles(store: LocalStore): Promise<readonly string[]> {
  return [...(await readdir(store.paths.ingest)), ...(await readdir(store.paths.trash))];
}

/** As docker wrote it before 25: a folder per layer. */
async function oldDockerArchive(
  image: SampleImage,
  names: readonly string[] | null,
): Promise<Uint8Array> {
  const hex = encodedOf(image.imageId);
  const Layers = image.layers.map(({ diffId }) => `${encodedOf(diffId)}/layer.tar`);
  const files: Record<string, Uint8Array> = {};
  for (const [i, layer] of image.layers.entries()) files[Layers[i] ?? ''] = layer.bytes;
  files[`${hex}.json`] = image.blobs[0]?.bytes ?? Buffer.alloc(0);
  const manifest = [{ Config: `${hex}.json`, RepoTags: names, Layers }];
  files['manifest.json'] = Buffer.from(JSON.stringify(manifest));
  return await sampleTar(files);
}

/** The ID of a layer of {@link ancientArchive}. */
const ID = (i: number): string => `${i}`.repeat(64);

/** As docker wrote it before 1.10: no manifest.json. */
async function ancientArchive(
  layers: readonly SampleLayer[],
  change: (files: Record<string, Uint8Array>) => void = () => {},
): Promise<Uint8Array> {
  const top = ID(layers.length - 1);
  const files: Record<string, Uint8Array> = {
    repositories: Buffer.from(JSON.stringify({ app: { 1: top, 2: top } })),
  };
  for (const [i, layer] of layers.entries()) {
    const json = {
      id: ID(i),
      ...(i > 0 ? { parent: ID(i - 1) } : {}),
      created: '2015-01-02T03:04:05Z',
      container_config: { Cmd: ['/bin/sh', '-c', `#(nop) ADD ${i}`] },
      config: { Cmd: ['/bin/sh'] },
      architecture: 'amd64',
      os: 'linux',
    };
    files[`${ID(i)}/VERSION`] = Buffer.from('1.0');
    files[`${ID(i)}/json`] = Buffer.from(JSON.stringify(json));
    files[`${ID(i)}/layer.tar`] = layer.bytes;
  }
  change(files);
  return await sampleTar(files);
}
