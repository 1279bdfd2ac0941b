/** Buffers that nobody holds any more while bytes flow. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sweepingBuffers } from '#image/sweep-buffers.ts';

const MIB = 1024 * 1024;
/** Longer than it waits between two collections. */
const TURN_MS = 25;

/** The most that lay in buffers while 4 MiB a turn went through, of which nobody keeps anything. */
async function peakOfFlow(turns: number): Promise<number> {
  let peak = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    for (let piece = 0; piece < 16; piece += 1) Buffer.allocUnsafe(MIB / 4).fill(turn);
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    await sleep(TURN_MS);
  }
  return peak;
}

it('dead buffers do not gather, though nothing else is allocated', async () => {
  const alone = await peakOfFlow(30);
  using _ = sweepingBuffers();
  const swept = await peakOfFlow(30);
  assert.ok(swept < 20 * MIB && swept < alone / 2, `${swept} bytes with, ${alone} without`);
});

it('asked for twice, it lasts as long as the longer one', async () => {
  const first = sweepingBuffers();
  using _ = sweepingBuffers();
  first[Symbol.dispose]();
  const swept = await peakOfFlow(30);
  assert.ok(swept < 20 * MIB, `${swept} bytes`);
});

it('bytes that somebody holds stay what they are', async () => {
  using _ = sweepingBuffers();
  const kept = Buffer.alloc(MIB, 7);
  await peakOfFlow(5);
  assert.ok(kept.every((byte) => byte === 7));
});
