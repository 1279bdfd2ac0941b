/** Records of builds: found as people name them, kept within the cap, gone with all that is theirs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { BuildDocument } from '#store/build-document.ts';
import { BUILDS_KEPT } from '#store/build-records.ts';
import { NAMELESS } from '#store/images.ts';
import type { LocalStore } from '#store/local-store.ts';
import { Metadata } from '#store/metadata.ts';
import { currentOwner } from '#store/process-owner.ts';
import { duOf } from '#test/helpers/disk-usage.ts';
import { putBlob, sampleImage } from '#test/helpers/images.ts';
import { type StoreUnderTest, temporaryStore } from '#test/helpers/store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW_MS = Date.UTC(2026, 10, 28);

const DOCUMENT: BuildDocument = {
  name: 'app',
  context: '.',
  platforms: ['linux/amd64'],
  buildArgs: ['A'],
  outputs: ['type=image'],
};

interface Ended {
  readonly ref: string;
  readonly atMs?: number;
  readonly logBytes?: number;
}

function ended({ builds, paths }: LocalStore, { ref, atMs = NOW_MS, logBytes = 10 }: Ended): void {
  builds.begin(ref, atMs, DOCUMENT);
  mkdirSync(paths.buildLogs, { recursive: true });
  writeFileSync(paths.buildLog(ref), 'x'.repeat(Math.min(logBytes, 10)));
  builds.end({ ref, status: 'completed', endedAtMs: atMs + 1000, logBytes, document: DOCUMENT });
}

const refsOf = ({ builds }: LocalStore): readonly string[] => builds.list().map(({ ref }) => ref);

/** An image without a name that a build holds as the root of its failed step. */
async function failedRoot(store: LocalStore, ref: string, size: number) {
  const image = await sampleImage({ fileSize: size });
  await using lease = await store.lease({ purpose: 'test' });
  for (const blob of image.blobs) await putBlob(store.blobs(lease), blob);
  await store.repository({ space: 'images', name: NAMELESS, lease }).putManifest(image.manifest);
  store.builds.keepFailedRoot(ref, image.manifest.digest);
  return image.manifest.digest;
}

describe('a record', () => {
  it('says what it was told, and that it runs until it has ended', async () => {
    await using place = await temporaryStore();
    const { builds, paths } = place.store;
    builds.begin('aaa', NOW_MS, DOCUMENT);
    const dockerfile = { path: '/x/Dockerfile', digest: digestOf('x') };
    builds.update('aaa', { ...DOCUMENT, dockerfile, target: 'test' });
    const base = { ref: 'aaa', startedAtMs: NOW_MS, logBytes: 0 };
    const document = { ...DOCUMENT, dockerfile, target: 'test' };
    assert.deepEqual(builds.list(), [{ ...base, status: 'running', document }]);
    const full: BuildDocument = {
      ...document,
      steps: { total: 3, completed: 2, cached: 1 },
      error: 'it broke',
      result: { imageId: digestOf('c'), manifest: digestOf('m'), names: ['a:1'] },
      failedImage: digestOf('i'),
    };
    builds.end({ ref: 'aaa', status: 'error', endedAtMs: NOW_MS + 5, logBytes: 7, document: full });
    assert.deepEqual(builds.list(), [
      { ...base, status: 'error', endedAtMs: NOW_MS + 5, logBytes: 7, document: full },
    ]);
    assert.equal(existsSync(paths.buildLog('aaa')), false);
  });

  it('of a process that is dead is of an interrupted build', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    store.builds.begin('aaa', NOW_MS, DOCUMENT);
    const dead = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
    const owner = currentOwner().replace(`.${process.pid}.`, `.${dead}.`);
    using metadata = new Metadata(store.paths.database);
    metadata.run('UPDATE builds SET owner = ?', owner);
    assert.equal(store.builds.list()[0]?.status, 'interrupted');
    assert.deepEqual(store.builds.remove(['aaa']), ['aaa']);
  });
});

describe('finding one', () => {
  const CASES: readonly (readonly [text: string, found: string])[] = [
    ['', 'bbb'],
    ['^0', 'bbb'],
    ['^1', 'abb'],
    ['^2', 'aaa'],
    ['b', 'bbb'],
    ['ab', 'abb'],
    ['builder/node/aaa', 'aaa'],
  ];
  it('by its beginning, by its place, as buildx writes it', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    for (const [i, ref] of ['aaa', 'abb', 'bbb'].entries()) ended(store, { ref, atMs: NOW_MS + i });
    for (const [text, found] of CASES) assert.equal(store.builds.find(text).ref, found, text);
    for (const text of ['a', 'x', '^3', '^x']) {
      assert.throws(() => store.builds.find(text), { code: 'BUILD_UNKNOWN' }, text);
    }
  });

  it('an empty history says so', async () => {
    await using place = await temporaryStore();
    assert.throws(() => place.store.builds.find(''), { message: 'no builds are on record' });
  });
});

describe('what is kept', () => {
  it('the newest by number', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    for (let i = 0; i < BUILDS_KEPT.count + 2; i += 1) {
      ended(store, { ref: `r${String(i).padStart(4, '0')}`, atMs: NOW_MS + i });
    }
    assert.equal(refsOf(store).length, BUILDS_KEPT.count);
    assert.equal(refsOf(store).at(-1), 'r0002');
    assert.equal(readdirSync(store.paths.buildLogs).length, BUILDS_KEPT.count);
  });

  it('none that is too old, none beyond the bytes of logs, but always the newest', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    ended(store, { ref: 'old', atMs: NOW_MS - BUILDS_KEPT.ageMs - DAY_MS });
    assert.deepEqual(refsOf(store), ['old'], 'the newest stays, whatever it is');
    ended(store, { ref: 'new' });
    assert.deepEqual(refsOf(store), ['new']);
    ended(store, { ref: 'huge', atMs: NOW_MS + 1, logBytes: BUILDS_KEPT.logBytes });
    assert.deepEqual(refsOf(store), ['huge']);
  });

  it('a few roots of failed steps; the records of older ones stay', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const roots = [];
    for (let i = 0; i < BUILDS_KEPT.failedRoots + 1; i += 1) {
      const ref = `r${i}`;
      store.builds.begin(ref, NOW_MS + i, DOCUMENT);
      roots.push(await failedRoot(store, ref, 1000 + i));
      const end = { ref, endedAtMs: NOW_MS + i, logBytes: 1, document: DOCUMENT };
      store.builds.end({ ...end, status: 'error' });
    }
    assert.equal(refsOf(store).length, roots.length);
    assert.deepEqual(
      store.images.list().map(({ digest }) => digest),
      roots.slice(1).toSorted(),
    );
  });
});

describe('removing', () => {
  it('takes log and root along; a build that runs stays', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    ended(store, { ref: 'aaa' });
    await failedRoot(store, 'aaa', 10);
    store.builds.begin('bbb', NOW_MS, DOCUMENT);
    assert.deepEqual(store.builds.remove(['aaa', 'bbb']), ['aaa']);
    assert.deepEqual(refsOf(store), ['bbb']);
    assert.deepEqual(store.images.list(), []);
    assert.deepEqual(readdirSync(store.paths.buildLogs), []);
  });

  it('an image that another failed build holds, or that got a name, stays', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    for (const ref of ['aaa', 'bbb']) {
      ended(store, { ref });
      await failedRoot(store, ref, 10);
    }
    store.builds.remove(['aaa']);
    assert.equal(store.images.list().length, 1);
    store.builds.remove(['bbb']);
    assert.equal(store.images.list().length, 0);
  });

  it('an image that somebody removed is not told of', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    ended(store, { ref: 'aaa' });
    const digest = await failedRoot(store, 'aaa', 10);
    assert.equal(store.builds.find('aaa').failedRoot, digest);
    store.images.forget(NAMELESS, digest);
    assert.equal(store.builds.find('aaa').failedRoot, undefined);
  });
});

describe('the care of the store', () => {
  it('builder prune drops roots of failed steps, with --all records and logs, to the byte', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    ended(store, { ref: 'aaa' });
    await failedRoot(store, 'aaa', 5000);
    assert.ok((await agreeing(place, {})) > 5000);
    assert.deepEqual(refsOf(store), ['aaa']);
    assert.equal(await agreeing(place, { all: true }), 10);
    assert.deepEqual(refsOf(store), []);
  });

  it('until: younger ones stay', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    ended(store, { ref: 'aaa', atMs: NOW_MS - DAY_MS });
    ended(store, { ref: 'bbb' });
    await store.prune({ cache: { all: true, usedBeforeMs: NOW_MS - DAY_MS / 2 } });
    assert.deepEqual(refsOf(store), ['bbb']);
  });

  it('gc takes logs without a record', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    ended(store, { ref: 'aaa' });
    writeFileSync(store.paths.buildLog('bbb'), 'lost');
    const { freed } = await store.gc();
    assert.deepEqual(freed, { log: { count: 1, bytes: 4 } });
    assert.deepEqual(readdirSync(store.paths.buildLogs), ['aaa.log']);
  });
});

/** Prunes after a dry run that has to foresee it; gives what it freed. */
async function agreeing(
  { root, store }: StoreUnderTest,
  cache: { readonly all?: boolean },
): Promise<number> {
  const before = duOf(root);
  const dry = await store.prune({ cache, dryRun: true });
  assert.equal(duOf(root), before);
  const real = await store.prune({ cache });
  assert.deepEqual(real, dry);
  assert.equal(before - duOf(root), real.freedBytes);
  return real.freedBytes;
}
