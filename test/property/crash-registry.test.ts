/** A few rounds of the registry's crash loop; `npm run crash:registry` plays 200. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRegistry } from './crash-registry.ts';

test('the registry loses nothing acknowledged and leaves nothing over when it is killed', async () => {
  const { operations, settled } = await crashRegistry({ rounds: 4, seed: 11 });
  assert.equal(settled, 1);
  const acknowledged = [...operations.values()].reduce((sum, { acknowledged: n }) => sum + n, 0);
  assert.ok(acknowledged > 0);
});
