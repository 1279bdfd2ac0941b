/** A few rounds of kill -9 with a fixed seed; the many are `npm run crash`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxUnfit } from '#test/helpers/busybox-context.ts';
import { crashRounds, crashTable } from './crash-store.ts';

test('killed at random moments, the store stays whole and loses no name', async (t) => {
  const unfit = busyboxUnfit();
  if (unfit !== undefined) {
    t.skip(unfit);
    return;
  }
  const counts = await crashRounds({ rounds: 8, seed: 4 });
  const all = [...counts.values()].reduce((sum, { killed, ended }) => sum + killed + ended, 0);
  assert.equal(all, 8);
  t.diagnostic(crashTable(counts).replaceAll('\n', '; '));
});
