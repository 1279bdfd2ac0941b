/** From the folder of docker's registry into our store and back: everything, byte for byte, or told. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { descriptorOf, encodeArtifact } from '#core/manifest.ts';
import { exportDistribution } from '#registry/distribution/export.ts';
import { importDistribution } from '#registry/distribution/import.ts';
import { DistributionLayout } from '#registry/distribution/layout.ts';
import type { LocalStore } from '#store/local-store.ts';
import {
  collect,
  putBlob,
  putImage,
  putIndex,
  sampleBlob,
  sampleImage,
  sampleIndex,
} from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

/** An index, an image with two tags, what is about it, and a repository below the name of another. */
async function fill(store: LocalStore) {
  await using lease = await store.lease({ purpose: 'test' });
  const repository = (name: string) => store.repository({ space: 'registry', name, lease });
  const [index, image] = [await sampleIndex(), await sampleImage({ codec: 'gzip' })];
  await putIndex(repository('team'), index, 'multi');
  await putImage(repository('team/app'), image, 'v1');
  await repository('team/app').putManifest(image.manifest, { tag: 'latest' });
  const config = sampleBlob(Buffer.from('{}'));
  await putBlob(repository('team/app').blobs, config);
  const about = encodeArtifact({
    artifactType: 'application/x-signature',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size: 2 },
    layers: [],
    subject: descriptorOf(image.manifest),
  });
  await repository('team/app').putManifest(about);
  return { index, image, about };
}

describe('a registry', () => {
  it('that was exported is imported whole', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using into = await temporaryStore();
    const { index, image, about } = await fill(from.store);
    const out = await exportDistribution(folder.path, from.store, {});
    assert.deepEqual(
      { ...out, bytes: 0 },
      {
        repositories: 2,
        tags: 3,
        manifests: 5,
        // Blobs and manifests lie in one place there.
        blobs: 5 + 3 * 3 + 1,
        bytes: 0,
        problems: 0,
      },
    );
    const back = await importDistribution(folder.path, into.store, {});
    assert.deepEqual({ ...back, bytes: 0 }, { ...out, blobs: 3 * 3 + 1, bytes: 0 });
    await using lease = await into.store.lease({ purpose: 'test' });
    const repository = into.store.repository({ space: 'registry', name: 'team/app', lease });
    assert.equal((await repository.resolve('latest')).digest, image.manifest.digest);
    for (const { digest, bytes } of image.blobs) {
      assert.deepEqual(await collect(repository.blobs.read(digest)), Buffer.from(bytes));
    }
    const found = await repository.referrers(image.manifest.digest);
    assert.deepEqual(
      found.map(({ digest }) => digest),
      [about.digest],
    );
    const multi = into.store.repository({ space: 'registry', name: 'team', lease });
    assert.deepEqual((await multi.getManifest('multi')).bytes, Buffer.from(index.manifest.bytes));
    assert.deepEqual((await into.store.check()).problems, []);
  });

  it('is taken over by hard links where that can be, and once only', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using into = await temporaryStore();
    const { image } = await fill(from.store);
    await exportDistribution(folder.path, from.store, {});
    await importDistribution(folder.path, into.store, {});
    const [blob] = image.blobs;
    assert.ok(blob);
    const there = statSync(new DistributionLayout(folder.path).blob(blob.digest));
    const here = statSync(into.store.paths.blob(blob.digest));
    // /tmp is one file system here; where it is not, the file is a copy.
    if (there.dev === here.dev) assert.equal(there.ino, here.ino);
    const again = await importDistribution(folder.path, into.store, {});
    assert.equal(again.blobs, 0);
    assert.equal(again.tags, 3);
  });

  it('with a damaged and a missing blob: their images are told and left out, others come', async () => {
    using folder = tempFolder();
    await using from = await temporaryStore();
    await using into = await temporaryStore();
    const { image, index } = await fill(from.store);
    await exportDistribution(folder.path, from.store, {});
    const layout = new DistributionLayout(folder.path);
    const [, layer] = image.blobs;
    const lost = index.images[0]?.blobs[1];
    assert.ok(layer && lost);
    const path = layout.blob(layer.digest);
    const bytes = readFileSync(path);
    rmSync(path);
    writeFileSync(path, Buffer.from(bytes).fill(1, 0, 4));
    rmSync(layout.blob(lost.digest));
    const problems: string[] = [];
    const transfer = await importDistribution(folder.path, into.store, {
      onProblem: (what) => void problems.push(what),
    });
    assert.deepEqual(
      { ...transfer, bytes: 0 },
      { repositories: 2, tags: 0, manifests: 2, blobs: 6, bytes: 0, problems: 6 },
    );
    assert.match(
      problems.join('\n'),
      /team: manifest \S+ is left out: a blob of it is missing there/,
    );
    assert.match(problems.join('\n'), /team\/app: manifest \S+ is left out: digest mismatch/);
    assert.match(problems.join('\n'), /team\/app:v1 is left out: its manifest/);
    assert.ok(!existsSync(into.store.paths.blob(layer.digest)));
    assert.deepEqual(readdirSync(into.store.paths.ingest), []);
  });

  it('a folder that is none is refused with what is wanted', async () => {
    using folder = tempFolder();
    await using into = await temporaryStore();
    const open = (path: string) => importDistribution(path, into.store, {});
    await assert.rejects(open(folder.path), { code: 'FILE_UNUSABLE' });
    await assert.rejects(open(folder.at('none')), { code: 'FILE_MISSING' });
  });
});
