/** Folders of cache mounts: who waits for whom, what a crash leaves, and the care of the store. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalStore } from '#store/local-store.ts';
import { type CacheSharing, trialId } from '#store/mount-caches.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const ROOT_OWNED = { mode: 0o755, uid: 0, gid: 0 };

function request(id: string, sharing: CacheSharing = 'shared') {
  return { id, sharing, ...ROOT_OWNED };
}

/** Whether it is still waiting after a while. */
async function waits(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([promise.then(() => false), sleep(200, true)]);
}

test('shared: the same folder at once, kept for the next build', async () => {
  await using place = await temporaryStore();
  const { mountCaches } = place.store;
  await using one = await mountCaches.acquire(request('/root/.cache'));
  await using two = await mountCaches.acquire(request('/root/.cache'));
  await using other = await mountCaches.acquire(request('/var/cache/apt'));
  assert.equal(one.folder, two.folder);
  assert.notEqual(one.folder, other.folder);
  writeFileSync(join(one.folder, 'kept'), 'x');
  await using again = await LocalStore.open({ root: place.root });
  await using later = await again.mountCaches.acquire(request('/root/.cache'));
  assert.deepEqual(readdirSync(later.folder), ['kept']);
});

test('locked: one after the other, also in another process', async () => {
  await using place = await temporaryStore();
  await using second = await LocalStore.open({ root: place.root });
  const first = await place.store.mountCaches.acquire(request('a', 'locked'));
  const waiting = second.mountCaches.acquire(request('a', 'locked'));
  assert.equal(await waits(waiting), true);
  await first[Symbol.asyncDispose]();
  await using got = await waiting;
  assert.equal(got.folder, first.folder);
  const shared = second.mountCaches.acquire(request('a'));
  assert.equal(await waits(shared), true);
  await got[Symbol.asyncDispose]();
  await (await shared)[Symbol.asyncDispose]();
});

test('an abort ends the wait', async () => {
  await using place = await temporaryStore();
  const { mountCaches } = place.store;
  await using _held = await mountCaches.acquire(request('a', 'locked'));
  const stop = new AbortController();
  const waiting = mountCaches.acquire({ ...request('a', 'locked'), signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});

test('private: a folder of its own beside one that is used, the first one again afterwards', async () => {
  await using place = await temporaryStore();
  const { mountCaches } = place.store;
  const one = await mountCaches.acquire(request('a', 'private'));
  await using two = await mountCaches.acquire(request('a', 'private'));
  assert.notEqual(one.folder, two.folder);
  await one[Symbol.asyncDispose]();
  await using three = await mountCaches.acquire(request('a', 'private'));
  assert.equal(three.folder, one.folder);
});

test('a new folder has the mode asked for, whatever the umask', async () => {
  await using place = await temporaryStore();
  const before = process.umask(0o077);
  try {
    const wanted = { ...request('a'), mode: 0o777 };
    await using cache = await place.store.mountCaches.acquire(wanted);
    assert.equal(statSync(cache.folder).mode & 0o777, 0o777);
  } finally {
    process.umask(before);
  }
});

test('a new folder is seeded once; a seed that fails leaves nothing', async () => {
  await using place = await temporaryStore();
  const { mountCaches } = place.store;
  const failing = { ...request('a'), seed: () => Promise.reject(new Error('no seed')) };
  await assert.rejects(mountCaches.acquire(failing), /no seed/);
  let seeds = 0;
  const seed = async (folder: string): Promise<void> => {
    seeds += 1;
    writeFileSync(join(folder, 'seed'), '');
  };
  for (let i = 0; i < 2; i++) {
    await using cache = await mountCaches.acquire({ ...request('a', 'locked'), seed });
    assert.deepEqual(readdirSync(cache.folder), ['seed']);
  }
  assert.equal(seeds, 1);
});

test('df counts them with the build cache; prune takes those that nobody uses', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  const used = await store.mountCaches.acquire(request('used'));
  const unused = await store.mountCaches.acquire(request('unused'));
  writeFileSync(join(unused.folder, 'file'), Buffer.alloc(100_000));
  await unused[Symbol.asyncDispose]();
  const { rows, cache } = await store.usage({ choose: () => undefined });
  assert.equal(rows.cache.total, 2);
  assert.equal(rows.cache.active, 1);
  assert.ok(rows.cache.reclaimableBytes >= 100_000);
  assert.deepEqual(cache.map(({ description }) => description).sort(), [
    'cached mount unused',
    'cached mount used',
  ]);
  const dry = await store.prune({ cache: {}, dryRun: true });
  assert.ok(existsSync(unused.folder));
  const pruned = await store.prune({ cache: {} });
  assert.equal(pruned.freedBytes, dry.freedBytes);
  assert.deepEqual(
    pruned.cache.map(({ description }) => description),
    ['cached mount unused'],
  );
  assert.equal(existsSync(unused.folder), false);
  assert.ok(existsSync(used.folder));
  await used[Symbol.asyncDispose]();
});

test('a folder that no row asks for is garbage; one that is asked for is not', async () => {
  await using place = await temporaryStore();
  const { store } = place;
  await using wanted = await store.mountCaches.acquire(request('a'));
  const lost = join(store.paths.mountCaches, 'lost.0');
  writeFileSync(lost, 'x');
  await store.gc();
  assert.equal(existsSync(lost), false);
  assert.ok(existsSync(wanted.folder));
});

test('a lock to read: only what is there and nobody uses, and whoever comes waits', async () => {
  await using place = await temporaryStore();
  const { mountCaches } = place.store;
  assert.deepEqual(mountCaches.tryLock('a'), { isThere: false });
  const first = await mountCaches.acquire(request('a'));
  assert.deepEqual(mountCaches.tryLock('a'), { isThere: true });
  await first[Symbol.asyncDispose]();
  const { held } = mountCaches.tryLock('a');
  assert.equal(held?.folder, first.folder);
  const shared = mountCaches.acquire(request('a'));
  assert.equal(await waits(shared), true);
  await held[Symbol.asyncDispose]();
  await (await shared)[Symbol.asyncDispose]();
});

test('a folder is filled before anybody sees it; what fails leaves nothing', async () => {
  await using place = await temporaryStore();
  const { mountCaches, paths } = place.store;
  const seed = async (folder: string): Promise<void> => writeFileSync(join(folder, 'seed'), '');
  const fill = async (folder: string): Promise<boolean> => {
    writeFileSync(join(folder, 'filled'), '');
    return true;
  };
  await using filled = await mountCaches.acquire({ ...request('a'), seed, fill });
  assert.deepEqual(readdirSync(filled.folder), ['filled']);
  await using seeded = await mountCaches.acquire({
    ...request('b'),
    seed,
    fill: async () => false,
  });
  assert.deepEqual(readdirSync(seeded.folder), ['seed']);
  const failing = mountCaches.acquire({
    ...request('c'),
    fill: async (folder) => {
      writeFileSync(join(folder, 'half'), '');
      throw new Error('cut off');
    },
  });
  await assert.rejects(failing, /cut off/);
  assert.deepEqual(readdirSync(paths.ingest), []);
});

test('a trial’s folders go with it, others stay', async () => {
  await using place = await temporaryStore();
  const { mountCaches, paths } = place.store;
  for (const id of ['a', trialId('a', 't1'), trialId('a', 't2')]) {
    await (await mountCaches.acquire(request(id)))[Symbol.asyncDispose]();
  }
  await mountCaches.forgetTrial('t1');
  assert.equal(readdirSync(paths.mountCaches).length, 2);
  assert.deepEqual(mountCaches.tryLock(trialId('a', 't1')), { isThere: false });
});
