/** The bounds of the build cache and what they make together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheBounds } from '#core/store-report.ts';
import { bytesToKeep } from '#store/cache-bounds.ts';

const NOW = { usedBytes: 100, freeBytes: 50 };

const cases: readonly (readonly [name: string, bounds: CacheBounds, kept: number])[] = [
  ['a maximum', { maxUsedBytes: 30 }, 30],
  ['nothing at all', { maxUsedBytes: 0 }, 0],
  ['a reserve alone is what is kept', { reservedBytes: 20 }, 20],
  ['a reserve over the maximum', { maxUsedBytes: 10, reservedBytes: 20 }, 20],
  ['a maximum over the reserve', { maxUsedBytes: 30, reservedBytes: 20 }, 30],
  ['room enough', { minFreeBytes: 50 }, Number.POSITIVE_INFINITY],
  ['too little room', { minFreeBytes: 70 }, 80],
  ['more room than there is cache', { minFreeBytes: 500 }, 0],
  ['room, but never below the reserve', { minFreeBytes: 500, reservedBytes: 20 }, 20],
  ['room and a maximum: the stricter', { minFreeBytes: 70, maxUsedBytes: 90 }, 80],
  ['room enough and a maximum', { minFreeBytes: 10, maxUsedBytes: 90 }, 90],
];
for (const [name, bounds, kept] of cases) {
  test(name, () => assert.equal(bytesToKeep(bounds, NOW), kept));
}
