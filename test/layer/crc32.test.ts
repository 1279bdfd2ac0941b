/** The table and zlib agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { crc32 } from '#layer/crc32.ts';

test('of nothing, of every byte, of lengths around the border between table and zlib', () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7919) >> 3);
  for (const length of [0, 1, 9, 256, 16_383, 16_384, 16_385, 20_000]) {
    assert.equal(crc32(bytes.subarray(0, length)), zlibCrc32(bytes.subarray(0, length)));
  }
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
});
