/** Lines about steps that were not in the cache. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MissedStepLine, missedLine, parseMissedLine } from '#build/history/missed-line.ts';
import { digestOf } from '#core/digest.ts';

const BASE: MissedStepLine = { vertex: 3, isForced: false, earlier: ['k1', 'k2'], hasRecord: true };

test('of steps that made a layer, and of such that failed', () => {
  const lines: readonly MissedStepLine[] = [
    { ...BASE, key: 'k', layer: digestOf('l'), below: digestOf('b') },
    { ...BASE, isForced: true, facts: { settings: { args: 'x' } } },
  ];
  for (const line of lines) assert.deepEqual(parseMissedLine(missedLine(line)), line);
});

test('other lines are none of them', () => {
  assert.equal(parseMissedLine('{"kind":"vertex-started","vertex":1}'), undefined);
  assert.throws(() => parseMissedLine('{"kind":"vertex-missed","vert'), { code: 'JSON_INVALID' });
});
