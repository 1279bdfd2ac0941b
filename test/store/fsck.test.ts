/** check: every kind of damage is found and named, a repair mends it and loses nothing. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { CheckReport, StoreProblem } from '#core/store-report.ts';
import type { LocalStore } from '#store/local-store.ts';
import { Metadata } from '#store/metadata.ts';
import {
  imageOf,
  putBlob,
  type SampleImage,
  type SampleLayer,
  sampleBlob,
  sampleImage,
  sampleIndex,
  sampleLayer,
} from '#test/helpers/images.ts';
import { storeImage } from '#test/helpers/local-images.ts';
import { type StoreUnderTest, temporaryStore } from '#test/helpers/store.ts';

const CREATED = { createdAt: '2026-01-02T03:04:05Z', description: 'RUN make' };

describe('a healthy store', () => {
  it('with something of everything: no problems, quick or not', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await filled(place);
    await storeImage(store, await sampleIndex(), 'multi:1');
    for (const quick of [true, false]) {
      assert.deepEqual((await store.check({ quick })).problems, []);
    }
    const report = await store.check();
    assert.deepEqual([report.blobs, report.layers, report.images], [15, 2, 4]);
  });

  it('beside writers: what is being put is no damage', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await filled(place);
    const checks: Promise<CheckReport>[] = [];
    for (let i = 0; i < 20; i += 1) {
      checks.push(store.check());
      const image = await sampleImage();
      await storeImage(store, image, `new:${i}`);
      if (i % 2 === 0) store.images.forget('docker.io/library/new', image.manifest.digest);
      await store.gc();
    }
    for (const { problems } of await Promise.all(checks)) assert.deepEqual(problems, []);
  });
});

describe('damage', () => {
  it('a flipped bit: named with its image, set aside, whole again when loaded again', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await sampleImage();
    await storeImage(store, image, 'app:1');
    const [layer] = image.layers;
    assert.ok(layer);
    flip(store.paths.blob(layer.digest));
    assert.deepEqual((await store.check({ quick: true })).problems, []);
    const found = await store.check();
    assert.deepEqual(kindsOf(found), ['blob-damaged repairable', 'image-incomplete left']);
    assert.match(found.problems[1]?.what ?? '', /^image docker\.io\/library\/app:1 is incomplete/);
    const repaired = await store.check({ repair: true });
    assert.deepEqual(kindsOf(repaired), ['blob-damaged repaired', 'image-incomplete left']);
    const aside = readdirSync(store.paths.quarantine);
    assert.equal(aside.length, 1);
    await store.gc();
    assert.deepEqual(readdirSync(store.paths.quarantine), aside, 'gc leaves it alone');
    await storeImage(store, image, 'app:1');
    assert.deepEqual(errorsIn(await store.check()), []);
  });

  it('a config that is lost: the image that "images" hides is named', async () => {
    await using place = await temporaryStore();
    const image = await sampleImage();
    await storeImage(place.store, image, 'app:1', 'other:2');
    rmSync(place.store.paths.blob(image.imageId));
    for (const quick of [true, false]) {
      const { problems } = await place.store.check({ quick });
      assert.deepEqual(
        problems.map(({ what }) => what),
        ['app:1', 'other:2'].map(
          (name) =>
            `image docker.io/library/${name} is incomplete: its config ${image.imageId} is missing`,
        ),
      );
    }
  });

  it('a blob cut off, a child manifest lost: quick finds them, too', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [image, index] = [await sampleImage(), await sampleIndex()];
    await storeImage(store, image, 'app:1');
    await storeImage(store, index, 'multi:1');
    const [layer] = image.layers;
    const [child] = index.images;
    assert.ok(layer && child);
    truncateSync(store.paths.blob(layer.digest), 512);
    rmSync(store.paths.blob(child.manifest.digest));
    const { problems } = await store.check({ quick: true });
    assert.equal(problems.length, 3, 'app, the child by its digest, multi');
    assert.match(problems[0]?.what ?? '', /its layer \S+ has 512 bytes, not \d+$/);
    // In the order of random digests.
    assert.ok(
      problems.some(({ what }) => /multi:1 is incomplete: its manifest \S+ is missing$/.test(what)),
    );
  });

  it('a layer that is not what the config says', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const [wrong, other] = [await sampleLayer({ codec: 'gzip' }), await sampleLayer()];
    await storeImage(store, imageOf([{ ...wrong, diffId: other.diffId }]), 'app:1');
    const { problems } = await store.check();
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['layer-mismatch'],
    );
    assert.deepEqual((await store.check({ quick: true })).problems, []);
  });

  it('indexes: damaged, of another tar, without a tar; made again where the tar is good', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await filled(place);
    const [first, second] = image.layers;
    assert.ok(first && second);
    const before = [first, second].map(({ diffId }) => readFileSync(store.paths.index(diffId)));
    writeFileSync(store.paths.index(first.diffId), before[1] ?? '');
    truncateSync(store.paths.index(second.diffId), 700);
    const lost = digestOf('lost');
    writeFileSync(store.paths.index(lost), before[0] ?? '');
    const report = await store.check({ repair: true });
    assert.deepEqual(kindsOf(report), Array(3).fill('index-damaged repaired'));
    assert.deepEqual((await store.check()).problems, []);
    const after = [first, second].map(({ diffId }) => readFileSync(store.paths.index(diffId)));
    assert.deepEqual(after, before);
  });

  it('merged images, notes of compressed forms, rows that speak of nothing', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await filled(place);
    const [layer] = image.layers;
    assert.ok(layer);
    writeFileSync(store.paths.mergedImage(digestOf('chain')), 'not an image');
    store.layers.rememberCompressed(digestOf('another tar'), 'gzip', layer.descriptor);
    store.records.save({ ...CREATED, key: 'lost', diffId: digestOf('lost') });
    store.images.addAlias('docker.io/library/gone', digestOf('a'), digestOf('b'));
    using raw = new Metadata(store.paths.database);
    raw.run('INSERT INTO links VALUES (?, ?, ?, 1)', 'app', digestOf('lost'), Date.now());
    raw.run('INSERT INTO uploads VALUES (?, ?, ?, ?)', 'id', 'app', 'sha256', 0);
    raw.run(
      'INSERT INTO compressed VALUES (?, ?, ?, ?, ?)',
      digestOf('c'),
      'gzip',
      digestOf('d'),
      1,
      'x',
    );
    const report = await store.check({ repair: true });
    assert.deepEqual(kindsOf(report).sort(), [
      'fact-wrong repaired',
      'merged-damaged repaired',
      ...Array(5).fill('row-orphan repaired'),
    ]);
    assert.deepEqual((await store.check()).problems, []);
  });

  it('files that are not ours are told, never touched, and no failure', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const foreign = [
      join(store.paths.blobs, 'notes.txt'),
      join(store.paths.blobs, 'sha256/README'),
    ];
    for (const path of foreign) writeFileSync(path, 'mine');
    const { problems } = await store.check({ repair: true });
    assert.deepEqual(
      problems.map(({ what, isError }) => [what.split(' ')[0], isError]),
      foreign.map((path) => [path, false]),
    );
    for (const path of foreign) assert.equal(readFileSync(path, 'utf8'), 'mine');
  });

  it('a damaged blob that nothing needs is set aside, and then all is well', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    await using lease = await store.lease({ purpose: 'test' });
    const blob = sampleBlob();
    await putBlob(store.blobs(lease), blob);
    appendFileSync(store.paths.blob(blob.digest), 'x');
    assert.deepEqual(kindsOf(await store.check({ repair: true })), ['blob-damaged repaired']);
    assert.deepEqual(errorsIn(await store.check()), []);
  });
});

/** Two gzip layers with tars and indexes, a record, a lease, something pushed. */
async function filled({ store }: StoreUnderTest): Promise<SampleImage> {
  const image = await sampleImage({ codec: 'gzip' });
  await storeImage(store, image, 'filled:1');
  await using lease = await store.lease({ purpose: 'test' });
  for (const layer of image.layers) {
    await store.layers.ensure(layer, { lease });
    saveRecord(store, layer);
  }
  return image;
}

function saveRecord(store: LocalStore, { diffId }: SampleLayer): void {
  store.records.save({ ...CREATED, key: diffId, diffId });
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[600] = (bytes[600] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function kindsOf({ problems }: CheckReport): string[] {
  return problems.map(({ kind, state }) => `${kind} ${state}`);
}

function errorsIn({ problems }: CheckReport): readonly StoreProblem[] {
  return problems.filter(({ isError }) => isError);
}
