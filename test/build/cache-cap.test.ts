/** The cap of the build cache while builds run: what goes, what stays, and two processes on one store. */
import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CacheCap } from '#build/cache-cap.ts';
import type { Event } from '#core/events.ts';
import { type Engine, openEngine } from '#engine.ts';
import { LocalStore } from '#store/local-store.ts';
import { HELPER, withEngine } from '#test/helpers/engine.ts';
import { putBlob, type SampleLayer, sampleLayer } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const SIZE = 10_000;

/** A cached layer of a little more than SIZE, used at a time. */
async function cached(store: LocalStore, name: string): Promise<SampleLayer> {
  await using lease = await store.lease({ purpose: 'test' });
  const layer = await sampleLayer({ fileSize: SIZE });
  await putBlob(store.blobs(lease), layer);
  await store.layers.ensure(layer, { lease });
  const description = `RUN ${name}`;
  const createdAt = '2026-01-02T03:04:05Z';
  store.records.save({ key: name, diffId: layer.diffId, createdAt, description });
  return layer;
}

const isThere = (store: LocalStore, { diffId }: SampleLayer): boolean =>
  store.layers.files(diffId) !== undefined;

test('what was not used for longest goes, and only as much as has to', async (t) => {
  await using place = await temporaryStore();
  const { store } = place;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const layers: SampleLayer[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    layers.push(await cached(store, name));
    t.mock.timers.tick(1000);
  }
  const total = store.cacheBytes();
  const cap = new CacheCap(store, total - 1, () => 0);
  assert.equal(await cap.enforce(), 0);
  assert.deepEqual(
    layers.map((layer) => isThere(store, layer)),
    [false, true, true, true],
  );
  assert.ok(store.cacheBytes() < total);
});

test('what a running build holds stays, in this process and in another', async () => {
  await using place = await temporaryStore();
  await using other = await LocalStore.open({ root: place.root });
  const [mine, theirs, free] = [
    await cached(place.store, 'mine'),
    await cached(place.store, 'theirs'),
    await cached(place.store, 'free'),
  ];
  await using lease = await place.store.lease({ purpose: 'build' });
  await using otherLease = await other.lease({ purpose: 'build' });
  lease.hold(mine.diffId);
  otherLease.hold(theirs.diffId);
  const cap = new CacheCap(place.store, SIZE, () => 0);
  assert.ok((await cap.enforce()) > 0, 'it says how much it is over');
  assert.deepEqual(
    [mine, theirs, free].map((layer) => isThere(other, layer)),
    [true, true, false],
  );
  await lease[Symbol.asyncDispose]();
  await otherLease[Symbol.asyncDispose]();
  assert.equal(await new CacheCap(other, SIZE, () => 0).enforce(), 0);
});

test('small growth is added up and looked at only when it matters; old knowledge is renewed', async () => {
  await using place = await temporaryStore();
  await cached(place.store, 'a');
  let now = 10_000;
  let looks = 0;
  const counting = Object.create(place.store, {
    cacheBytes: {
      value: () => {
        looks += 1;
        return place.store.cacheBytes();
      },
    },
  });
  const cap = new CacheCap(counting, 10 * SIZE, () => now);
  const looksAfter = async (bytes?: number) => {
    await cap.grown(bytes);
    return looks;
  };
  assert.equal(await looksAfter(10), 1);
  assert.equal(await looksAfter(SIZE), 1);
  assert.equal(await looksAfter(9 * SIZE), 2, 'it would be too much');
  assert.equal(await looksAfter(10), 2);
  assert.equal(await looksAfter(), 3, 'nobody knows how much');
  now += 3000;
  assert.equal(await looksAfter(1), 4, 'others may have come');
});

/** A context whose COPY makes a layer of a megabyte that no other has. */
function contextOf(
  make: (files: Record<string, string>) => string,
  names: readonly string[],
): string {
  const folder = make({
    Dockerfile: `FROM scratch\n${names.map((name) => `COPY ${name} /\n`).join('')}`,
  });
  for (const name of names) writeFileSync(join(folder, name), Buffer.alloc(1_000_000, name));
  return folder;
}

const bytesOf = async (engine: Engine): Promise<number> =>
  (await engine.diskUsage()).rows.cache.sizeBytes;

test('builds under a cap: the cache stays below it, during the build and after', () =>
  withEngine({ cacheMaxBytes: 3_500_000 }, async ({ engine, context, build, folder }) => {
    const blobs = join(folder, 'store/blobs/sha256');
    const during: number[] = [];
    for (const round of ['a', 'b', 'c', 'd']) {
      const place = contextOf(context, [`${round}1`, `${round}2`, `${round}3`]);
      await engine.build({
        context: place,
        tags: [],
        outputs: [{ kind: 'tar', destination: join(folder, 'out.tar') }],
        events: (event: Event) => {
          if (event.kind !== 'vertex-started' || !/^\[[23]\/3\]/.test(event.name)) return;
          const sizes = readdirSync(blobs).map((name) => statSync(join(blobs, name)).size);
          during.push(sizes.reduce((sum, size) => sum + size, 0));
        },
      });
      assert.ok((await bytesOf(engine)) <= 3_500_000);
    }
    assert.equal(during.length, 8);
    assert.ok(Math.max(...during) <= 3_500_000, String(during));
    const steps = async (round: string) => {
      const names = [`${round}1`, `${round}2`, `${round}3`];
      return (await build({ context: contextOf(context, names) })).steps;
    };
    assert.deepEqual(await steps('d'), { run: 0, cached: 3 }, 'the newest stay');
    assert.deepEqual(await steps('a'), { run: 3, cached: 0 });
  }));

test('two builds on one store keep to it together, and neither loses what it uses', () =>
  withEngine({ cacheMaxBytes: 3_500_000 }, async (one) => {
    await using other = await openEngine({
      root: join(one.folder, 'store'),
      helper: HELPER,
      snapshotter: 'auto',
      parallelTransfers: 2,
      cacheMaxBytes: 3_500_000,
    });
    const engines = [one.engine, other];
    for (const round of ['a', 'b', 'c']) {
      await Promise.all(
        engines.map((engine, i) =>
          engine.build({
            context: contextOf(one.context, [`${round}${i}x`, `${round}${i}y`]),
            tags: [`app:${round}${i}`],
          }),
        ),
      );
    }
    assert.ok((await bytesOf(one.engine)) <= 3_500_000);
    // Images keep what they need: it is not the cache's.
    for (const tag of ['a0', 'a1', 'c0', 'c1']) {
      assert.equal((await one.engine.listFiles(`app:${tag}`)).length, 2);
    }
    assert.deepEqual((await one.engine.checkStore()).problems, []);
  }));
