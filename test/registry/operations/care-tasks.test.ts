/** What a server does by its configuration: gc, retention, scrub, as tasks that are run here by hand. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type CareConfig, DEFAULT_CONFIG } from '#core/registry-config.ts';
import { careTasks } from '#registry/operations/care-tasks.ts';
import type { Metrics } from '#registry/operations/metrics.ts';
import { registryMetrics } from '#registry/operations/metrics.ts';
import { storeProvider } from '#registry/store-provider.ts';
import type { LocalStore } from '#store/local-store.ts';
import { putBlob, putImage, sampleBlob, sampleImage } from '#test/helpers/images.ts';
import { temporaryStore } from '#test/helpers/store.ts';

const KEEP_ALL: CareConfig = {
  gc: { graceMs: 60_000, uploadTtlMs: 1000 },
  scrub: { bytesPerSecond: 1e9 },
  quota: { rules: [] },
  tags: [],
  retention: { rules: [] },
};

/** The tasks of a store, run by name; and what they logged. */
async function tasksOf(store: LocalStore, config: Partial<CareConfig>, metrics?: Metrics) {
  const provider = await storeProvider(store);
  const { care } = provider;
  assert.ok(care);
  const lines: string[] = [];
  const tasks = careTasks(
    { ...KEEP_ALL, ...config },
    { provider, care, log: (line) => void lines.push(line), ...(metrics ? { metrics } : {}) },
  );
  const signal = new AbortController().signal;
  return {
    names: tasks.map(({ name }) => name),
    lines,
    run: (name: string) => tasks.find((task) => task.name === name)?.run(signal),
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  };
}

async function push(store: LocalStore, tag: string) {
  await using lease = await store.lease({ purpose: 'test' });
  const image = await sampleImage({ layers: 1 });
  await putImage(store.repository({ space: 'registry', name: 'app', lease }), image, tag);
  return image;
}

describe('the tasks', () => {
  it('are those that have an interval; retention only with rules', async () => {
    await using place = await temporaryStore();
    const { care } = DEFAULT_CONFIG;
    const rules = [{ repositories: '**', tags: '**', keepLast: 1 }];
    const cases: readonly (readonly [Partial<CareConfig>, readonly string[]])[] = [
      [{}, []],
      [care, ['gc']],
      [{ retention: { ...care.retention, rules } }, ['retention']],
      [{ scrub: { intervalMs: 1, bytesPerSecond: 1 } }, ['scrub']],
    ];
    for (const [config, names] of cases) {
      await using tasks = await tasksOf(place.store, config);
      assert.deepEqual(tasks.names, names);
    }
  });

  it('gc tells and counts what it removed, and says nothing when that was nothing', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    {
      await using lease = await store.lease({ purpose: 'test' });
      await putBlob(store.blobs(lease), sampleBlob());
    }
    const metrics = registryMetrics();
    const gc = { ...KEEP_ALL.gc, intervalMs: 1 };
    await using tasks = await tasksOf(store, { gc }, metrics);
    assert.equal(await tasks.run('gc'), 'removed 1 blobs and 0 uploads, 100 bytes');
    assert.equal(await tasks.run('gc'), undefined);
    const text = await metrics.text();
    assert.match(text, /^slipway_registry_gc_runs_total 2$/m);
    assert.match(text, /^slipway_registry_gc_freed_bytes_total 100$/m);
  });

  it('gc keeps the grace and the uploads that it is told to', async (t) => {
    await using place = await temporaryStore();
    const { store } = place;
    await store.uploads.create({ repository: 'app' });
    {
      await using lease = await store.lease({ purpose: 'test' });
      const { blobs } = store.repository({ space: 'registry', name: 'app', lease });
      await putBlob(blobs, sampleBlob());
    }
    const gc = { intervalMs: 1, graceMs: 120_000, uploadTtlMs: 60_000 };
    await using tasks = await tasksOf(store, { gc });
    assert.equal(await tasks.run('gc'), undefined);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
    assert.equal(await tasks.run('gc'), undefined);
    // An upload without a byte takes none.
    assert.deepEqual(readdirSync(store.paths.uploads), []);
    t.mock.timers.setTime(Date.now() + 60_000);
    assert.equal(await tasks.run('gc'), 'removed 1 blobs and 0 uploads, 100 bytes');
  });

  it('retention tells each tag', async () => {
    await using place = await temporaryStore();
    for (const tag of ['a', 'b']) await push(place.store, tag);
    const rules = [{ repositories: 'app', tags: 'a', keepLast: 0 }];
    await using tasks = await tasksOf(place.store, { retention: { intervalMs: 1, rules } });
    await tasks.run('retention');
    assert.match(tasks.lines.join('\n'), /^retention: removed app:a: pushed 0 h ago, never pulled/);
    assert.equal(tasks.lines.length, 1);
  });

  it('the scrub sets a damaged blob aside, tells and counts it; then rests for the interval', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    const image = await push(store, 'v1');
    const [, layer] = image.blobs;
    assert.ok(layer);
    const damage = () => {
      const path = store.paths.blob(layer.digest);
      const bytes = existsSync(path) ? readFileSync(path) : Buffer.from(layer.bytes);
      writeFileSync(path, Buffer.from(bytes).fill(7, 0, 3));
    };
    damage();
    const metrics = registryMetrics();
    const scrub = { intervalMs: 60_000, bytesPerSecond: 1e9 };
    await using tasks = await tasksOf(store, { scrub }, metrics);
    await tasks.run('scrub');
    const told = new RegExp(
      `^error: scrub: blob ${layer.digest} is damaged \\(sha256:\\w+\\); in app$`,
    );
    assert.match(tasks.lines[0] ?? '', told);
    assert.match(await metrics.text(), /^slipway_registry_damaged_blobs_total 1$/m);
    assert.ok(!existsSync(store.paths.blob(layer.digest)));
    assert.equal(readdirSync(store.paths.quarantine).length, 1);
    damage();
    await tasks.run('scrub');
    assert.equal(tasks.lines.length, 1);
  });

  it('a scrub that was cut short goes on where it was, and ends', async () => {
    await using place = await temporaryStore();
    const { store } = place;
    for (const tag of ['a', 'b', 'c']) await push(store, tag);
    const seen = await Array.fromAsync(store.scrub(), ({ digest }) => digest);
    assert.equal(seen.length, 9);
    assert.deepEqual(seen, seen.toSorted());
    const after = seen[5];
    assert.ok(after);
    await store.noteScrub({ after, beganAtMs: 5 });
    assert.deepEqual(
      await Array.fromAsync(store.scrub({ after }), ({ digest }) => digest),
      seen.slice(6),
    );
    await using tasks = await tasksOf(store, { scrub: { intervalMs: 1e15, bytesPerSecond: 1e9 } });
    await tasks.run('scrub');
    assert.deepEqual(await store.scrubPosition(), { after: undefined, beganAtMs: 5 });
  });
});
