/** What people are told of a container that was killed at its limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outOfMemory } from '#core/container-limits.ts';

test('the limit is said as people write it', () => {
  assert.equal(
    outOfMemory(64 * 1024 ** 2),
    'killed: out of memory (limit 64MB); allow more with --memory',
  );
});
