/** What `slipway save` adds to docker's archive: the document at the end, signatures, differences. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import pLimit from 'p-limit';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { familiarReference, parseReference, repositoryKey } from '#core/reference.ts';
import { haveFile } from '#image/have-file.ts';
import { inspectImage } from '#image/inspect.ts';
import { storeInventory } from '#image/inventory.ts';
import { listImages } from '#image/list.ts';
import { type ArrivedImage, type LoadOptions, loadImages } from '#image/load.ts';
import { pruneStore } from '#image/prune.ts';
import { removeImage } from '#image/remove.ts';
import { type PlanSaveOptions, saveImages, trySave } from '#image/save.ts';
import { decodeBundle } from '#store/bundle-document.ts';
import { encodeInventory } from '#store/inventory.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { encodeReceipt } from '#store/receipt-document.ts';
import { openTarFiles } from '#store/tar-files.ts';
import {
  companionTag,
  putCompanion,
  sampleReferrer,
  sampleSignature,
} from '#test/helpers/companions.ts';
import {
  collect,
  imageOf,
  type SampleImage,
  sampleImage,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

describe('bundle.json', () => {
  it('says which images there are and where in the file each blob lies', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    const shared = await sampleLayer({ fileSize: 9000 });
    const [a, b] = [imageOf([shared, await sampleLayer()]), imageOf([shared])];
    await storeImage(from.store, a, 'a:1');
    await storeImage(from.store, b, 'b:1');
    const path = folder.at('x.tar');
    await save(from.store, path, ['a:1', 'b:1']);
    const tar = await openTarFiles(path);
    assert.equal(tar.paths.at(-1), 'bundle.json');
    const bundle = decodeBundle(await collect(tar.read('bundle.json')), path);
    assert.deepEqual(
      bundle.images.map(({ names, digest, platforms }) => [names, digest, platforms]),
      [
        [['docker.io/library/a:1'], a.manifest.digest, ['linux/amd64']],
        [['docker.io/library/b:1'], b.manifest.digest, ['linux/amd64']],
      ],
    );
    const whole = await readFile(path);
    for (const { digest, bytes } of [...a.blobs, ...b.blobs, a.manifest, b.manifest]) {
      const at = bundle.blobs.find((blob) => blob.digest === digest);
      assert.ok(at);
      assert.ok(whole.subarray(at.offset, at.offset + at.size).equals(bytes));
    }
    const [first, second] = bundle.images;
    const sum = (image: SampleImage): number =>
      [image.manifest, ...image.blobs].reduce((total, { bytes }) => total + bytes.byteLength, 0);
    assert.equal(first?.sizeBytes, sum(a));
    assert.equal(second?.uniqueBytes, sum(b) - shared.bytes.byteLength);
    assert.deepEqual(bundle.missing, []);
    assert.deepEqual([...bundle.files.keys()].sort(), [
      'index.json',
      'manifest.json',
      'oci-layout',
      'repositories',
    ]);
  });

  it('what a dry run says is what is written', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await storeImage(from.store, await sampleImage(), 'a:1');
    const plan = await trySave({ store: from.store, images: ['a:1'], platform });
    const written = await save(from.store, folder.at('x.tar'), ['a:1']);
    assert.deepEqual(written, plan);
    assert.equal((await stat(folder.at('x.tar'))).size, plan.archiveBytes);
  });
});

describe('signatures and other referrers', () => {
  it('go along and are where their image is; an image is all that load names', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app:1');
    const sbom = sampleReferrer(image.manifest);
    const signatureOfSbom = sampleReferrer(sbom.manifest);
    const signature = sampleSignature();
    const tag = companionTag(image.manifest.digest, '.sig');
    await inRepository(from.store, 'app', async (repository) => {
      await putCompanion(repository, sbom);
      await putCompanion(repository, signatureOfSbom);
      await putCompanion(repository, signature, tag);
    });
    await save(from.store, folder.at('x.tar'), ['app:1']);
    const loaded = await load(to.store, folder.at('x.tar'));
    assert.deepEqual(textOf(loaded), [[image.imageId, 'app:1']]);
    await inRepository(to.store, 'app', async (repository) => {
      const found = await repository.referrers(image.manifest.digest);
      assert.deepEqual(
        found.map(({ digest, artifactType }) => [digest, artifactType]),
        [[sbom.manifest.digest, 'application/spdx+json']],
      );
      const onSbom = await repository.referrers(sbom.manifest.digest);
      assert.deepEqual(
        onSbom.map(({ digest }) => digest),
        [signatureOfSbom.manifest.digest],
      );
      assert.equal((await repository.resolve(tag)).digest, signature.manifest.digest);
    });
  });

  it('are no images of their own: not listed, not saved by repository, gone with their image', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app:1');
    const tag = companionTag(image.manifest.digest, '.sig');
    await inRepository(from.store, 'app', async (repository) => {
      await putCompanion(repository, sampleReferrer(image.manifest));
      await putCompanion(repository, sampleSignature(), tag);
    });
    await save(from.store, folder.at('x.tar'), ['app']);
    assert.deepEqual(textOf(await load(to.store, folder.at('x.tar'))), [[image.imageId, 'app:1']]);
    const broken: unknown[] = [];
    const onBroken = (image: unknown): void => void broken.push(image);
    const listed = await listImages({ store: to.store, platform, onBroken });
    assert.deepEqual(broken, []);
    assert.deepEqual(
      listed.map(({ imageId }) => imageId),
      [image.imageId],
    );
    await removeImage('app:1', { store: to.store, platform });
    assert.deepEqual(to.store.images.list(), []);
  });

  it('stay when images without a name are pruned, and go when theirs is', async () => {
    await using from = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app:1');
    const tag = companionTag(image.manifest.digest, '.sig');
    await inRepository(from.store, 'app', async (repository) => {
      await putCompanion(repository, sampleReferrer(image.manifest));
      await putCompanion(repository, sampleSignature(), tag);
    });
    const local = { store: from.store, platform };
    await pruneStore({ images: { all: false } }, local);
    assert.equal(from.store.images.list().length, 3);
    await pruneStore({ images: { all: true } }, local);
    assert.deepEqual(from.store.images.list(), []);
  });

  it('stay behind with --no-referrers', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app:1');
    await inRepository(from.store, 'app', (repository) =>
      putCompanion(repository, sampleReferrer(image.manifest)),
    );
    await save(from.store, folder.at('x.tar'), ['app:1'], { noReferrers: true });
    await load(to.store, folder.at('x.tar'));
    await inRepository(to.store, 'app', async (repository) => {
      assert.deepEqual(await repository.referrers(image.manifest.digest), []);
    });
  });

  it('never stand in manifest.json, which is about images to run', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app:1');
    await inRepository(from.store, 'app', async (repository) => {
      await putCompanion(repository, sampleReferrer(image.manifest));
      await putCompanion(
        repository,
        sampleSignature(),
        companionTag(image.manifest.digest, '.att'),
      );
    });
    await save(from.store, folder.at('x.tar'), ['app:1']);
    const tar = await openTarFiles(folder.at('x.tar'));
    const listed: unknown = JSON.parse((await collect(tar.read('manifest.json'))).toString());
    assert.ok(Array.isArray(listed));
    assert.equal(listed.length, 1);
    const index: unknown = JSON.parse((await collect(tar.read('index.json'))).toString());
    assert.ok(typeof index === 'object' && index !== null && 'manifests' in index);
    assert.ok(Array.isArray(index.manifests));
    assert.equal(index.manifests.length, 3);
  });

  it('whose image is neither in the archive nor here are left out, aloud', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const image = await sampleImage();
    await storeImage(from.store, image, 'app:1');
    const signature = sampleReferrer(image.manifest);
    await inRepository(from.store, 'app', (repository) => putCompanion(repository, signature));
    await save(from.store, folder.at('x.tar'), ['app:1']);
    const bytes = await readFile(folder.at('x.tar'));
    const index = bytes.indexOf('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index');
    const text = bytes.toString('latin1', index, bytes.indexOf('\0', index));
    const parsed: { manifests: unknown[] } = JSON.parse(text);
    const alone = JSON.stringify({ ...parsed, manifests: parsed.manifests.slice(1) });
    bytes.write(alone.padEnd(text.length), index, 'latin1');
    await writeFile(folder.at('x.tar'), bytes);
    const events: Event[] = [];
    const loaded = await load(to.store, folder.at('x.tar'), { events: (e) => events.push(e) });
    assert.deepEqual(loaded, []);
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'note' ? [event.level] : [])),
      ['warning'],
    );
  });
});

describe('save --have', () => {
  it('writes what the receiver lacks, and load takes the rest from its store', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const { before, after, base } = await releases();
    await storeImage(from.store, before, 'app:1');
    await storeImage(from.store, after, 'app:2');
    await storeImage(to.store, before, 'app:1');
    await writeFile(folder.at('have.json'), encodeInventory(storeInventory(to.store)));
    const have = [await haveAt(folder.at('have.json'))];
    const plan = await save(from.store, folder.at('x.tar'), ['app:2'], { have });
    assert.deepEqual(plan.leftOut, { blobs: 1, bytes: base.bytes.byteLength });
    assert.ok((await stat(folder.at('x.tar'))).size < base.bytes.byteLength);
    assert.deepEqual(textOf(await load(to.store, folder.at('x.tar'))), [[after.imageId, 'app:2']]);
    const found = await inspectImage('app:2', { store: to.store, platform });
    assert.equal(found.manifest.digest, after.manifest.digest);
  });

  it('takes a receipt, an archive sent before, and the difference that came after it', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const { before, after, base } = await releases();
    await storeImage(from.store, before, 'app:1');
    await storeImage(from.store, after, 'app:2');
    await save(from.store, folder.at('first.tar'), ['app:1']);
    const arrived = await load(to.store, folder.at('first.tar'));
    const images = arrived.map(({ digest, imageId, blobs }) => ({
      names: [],
      digest,
      imageId,
      blobs,
    }));
    const receipt = { loadedAt: '2026-01-02T03:04:05Z', host: 'there', images };
    await writeFile(folder.at('receipt.json'), encodeReceipt(receipt));
    const left = { blobs: 1, bytes: base.bytes.byteLength };
    for (const source of ['receipt.json', 'first.tar']) {
      const have = [await haveAt(folder.at(source))];
      const plan = await save(from.store, folder.at('second.tar'), ['app:2'], { have });
      assert.deepEqual(plan.leftOut, left, source);
    }
    // The second archive lists the base without having it; who was sent it has it.
    const have = [await haveAt(folder.at('second.tar'))];
    const plan = await trySave({ store: from.store, images: ['app:2'], platform, have });
    assert.equal(plan.leftOut.blobs, 2);
  });

  it('manifests, configs and what is small are written all the same', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    const image = imageOf([await sampleLayer({ fileSize: 100 })]);
    await storeImage(from.store, image, 'small');
    const everything = { has: async () => true };
    const plan = await save(from.store, folder.at('x.tar'), ['small'], { have: [everything] });
    assert.deepEqual(plan.leftOut, { blobs: 0, bytes: 0 });
  });

  it('a wrong guess: what is missing is named with the command, what is complete is loaded', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const { before, after, base } = await releases();
    const other = await sampleImage();
    await storeImage(from.store, after, 'app:2');
    await storeImage(from.store, other, 'other:1');
    const have = [{ has: async ({ digest }: { digest: Digest }) => digest === base.digest }];
    await save(from.store, folder.at('x.tar'), ['app:2', 'other:1'], { have });
    const loaded: ArrivedImage[] = [];
    const onLoaded = (image: ArrivedImage): void => void loaded.push(image);
    await assert.rejects(load(to.store, folder.at('x.tar'), { onLoaded }), (error) => {
      assert.ok(isSlipwayError(error, 'ARCHIVE_INCOMPLETE'), String(error));
      assert.ok(error.message.includes(`app:2: layer 1 of 2 ${base.digest}`), error.message);
      assert.ok(error.message.includes(`${base.bytes.byteLength} bytes`));
      assert.match(
        error.hint ?? '',
        /slipway inventory -o have\.json; .*slipway save --have have\.json -o rest\.tar app:2/,
      );
      return true;
    });
    assert.deepEqual(textOf(loaded), [[other.imageId, 'other:1']]);
    const listed = await listImages({ store: to.store, platform });
    assert.deepEqual(
      listed.map(({ imageId }) => imageId),
      [other.imageId],
    );
    assert.ok(before);
    // What the hint says, done.
    await writeFile(folder.at('have.json'), encodeInventory(storeInventory(to.store)));
    const again = { have: [await haveAt(folder.at('have.json'))] };
    await save(from.store, folder.at('rest.tar'), ['app:2'], again);
    assert.deepEqual(textOf(await load(to.store, folder.at('rest.tar'))), [
      [after.imageId, 'app:2'],
    ]);
  });

  it('of an index whose images are all there, all are loaded', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const index = await sampleIndex();
    await storeImage(from.store, index, 'multi');
    const [image] = index.images;
    assert.ok(image);
    await storeImage(to.store, image);
    const have = [{ has: async () => true }];
    await save(from.store, folder.at('x.tar'), ['multi'], { have });
    await load(to.store, folder.at('x.tar'));
    const found = await inspectImage('multi', { store: to.store, platform: arm64 });
    assert.equal(found.imageId, index.images[1]?.imageId);
  });
});

describe('one platform', () => {
  it('is all that is saved, under its own digest', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const index = await sampleIndex();
    await storeImage(from.store, index, 'multi');
    await save(from.store, folder.at('x.tar'), ['multi'], { only: arm64 });
    const [loaded] = await load(to.store, folder.at('x.tar'));
    assert.equal(loaded?.imageId, index.images[1]?.imageId);
    assert.equal(loaded?.digest, index.images[1]?.manifest.digest);
  });

  it('is all that is loaded of an archive with several', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    const index = await sampleIndex();
    await storeImage(from.store, index, 'multi');
    await save(from.store, folder.at('x.tar'), ['multi']);
    const [loaded] = await load(to.store, folder.at('x.tar'), { only: arm64 });
    assert.equal(loaded?.imageId, index.images[1]?.imageId);
  });

  it('that is not there: PLATFORM_UNKNOWN, in docker’s words, and nothing happens', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using to = await temporaryStore();
    await storeImage(from.store, await sampleIndex(), 'multi');
    await storeImage(from.store, await sampleImage(), 'single');
    const s390x = { os: 'linux', architecture: 's390x' };
    for (const name of ['multi', 'single']) {
      await assert.rejects(save(from.store, folder.at('x.tar'), [name], { only: s390x }), {
        code: 'PLATFORM_UNKNOWN',
        message: 'no suitable export target found for platform linux/s390x',
      });
      await save(from.store, folder.at('x.tar'), [name]);
      await assert.rejects(load(to.store, folder.at('x.tar'), { only: s390x }), {
        code: 'PLATFORM_UNKNOWN',
      });
    }
    assert.deepEqual(to.store.images.list(), []);
  });
});

/** Two releases over one base large enough to be worth leaving out. */
async function releases() {
  const base = await sampleLayer({ fileSize: 50_000 });
  const before = imageOf([base, await sampleLayer({ fileSize: 9000 })]);
  const after = imageOf([base, await sampleLayer({ fileSize: 9000 })]);
  return { base, before, after };
}

async function haveAt(path: string) {
  return await haveFile(path, {
    temporary: () => {
      throw new Error('a plain archive needs no copy');
    },
  });
}

async function inRepository(
  store: LocalStore,
  name: string,
  work: (repository: LocalRepository) => Promise<void>,
): Promise<void> {
  await using lease = await store.lease({ purpose: 'test' });
  const key = repositoryKey(parseReference(name));
  await work(store.repository({ space: 'images', name: key, lease }));
}

async function save(
  store: LocalStore,
  output: string,
  images: readonly string[],
  more: Partial<PlanSaveOptions> = {},
) {
  return await saveImages({ store, images, output, platform, ...more });
}

async function load(store: LocalStore, input: string, more: Partial<LoadOptions> = {}) {
  return await loadImages({ store, input, platform, limit: pLimit(2), ...more });
}

function textOf(loaded: readonly ArrivedImage[]): readonly (readonly string[])[] {
  return loaded.map(({ imageId, names }) => [imageId, ...names.map(familiarReference)]);
}
