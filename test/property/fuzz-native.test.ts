/** A short run of the native fuzz targets with a fixed seed; the long ones are `npm run fuzz:native`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTargets, fuzzSeeds, fuzzTarget } from './fuzz-native.ts';

/** A second each on a quiet machine; a filter and a bundle are longer to read than a frame. */
const RUNS: Readonly<Record<string, number>> = {
  json: 20_000,
  spec: 6000,
  rootfs: 5000,
  seccomp: 5000,
  frames: 100_000,
  tar: 6000,
  list: 1500,
};

test('whatever the bytes, the native readers accept or refuse, and nothing else', async (t) => {
  const refusal = buildTargets();
  if (refusal !== undefined) return t.skip(refusal);
  const all = await fuzzSeeds();
  assert.deepEqual(Object.keys(all), Object.keys(RUNS));
  for (const [target, seeds] of Object.entries(all)) {
    await t.test(target, (each) => {
      const { isFine, text } = fuzzTarget(target, seeds, { seed: 20, runs: RUNS[target] ?? 0 });
      each.diagnostic(text.split('\n').at(-1) ?? '');
      assert.ok(isFine, text);
    });
  }
});
