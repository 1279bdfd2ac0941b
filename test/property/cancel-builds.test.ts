/** A few rounds of stopped builds with a fixed seed; the many are `npm run cancel`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxUnfit } from '#test/helpers/busybox-context.ts';
import { cancelRounds } from './cancel-builds.ts';

test('stopped at random moments, builds lose nothing that was cached and leave nothing', async (t) => {
  const unfit = busyboxUnfit();
  if (unfit !== undefined) {
    t.skip(unfit);
    return;
  }
  const stopped = await cancelRounds({ rounds: 6, seed: 7 });
  assert.ok(stopped > 0);
  t.diagnostic(`${stopped} of 6 builds were stopped`);
});
