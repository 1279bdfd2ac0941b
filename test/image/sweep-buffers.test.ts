/** Buffers that nobody holds any more while bytes flow. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sweepingBuffers } from '#image/sweep-buffers.ts';

const MIB = 1024 * 1024;
/** Longer than it waits between two collections. */
const TURN_MS = 25;
const TURNS = 60;
/** V8 frees beside us, on a busy machine late: what lies in buffers is compared over all turns, not at its worst. */
const CLEARLY = 0.75;

/** What lay in buffers, on average, while 4 MiB a turn went through, of which nobody keeps anything. */
async function heldInFlow(turns = TURNS): Promise<number> {
  let sum = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    for (let piece = 0; piece < 16; piece += 1) Buffer.allocUnsafe(MIB / 4).fill(turn);
    sum += process.memoryUsage().arrayBuffers;
    await sleep(TURN_MS);
  }
  return sum / turns;
}

it('dead buffers do not gather, though nothing else is allocated', async () => {
  const alone = await heldInFlow();
  using _ = sweepingBuffers();
  const swept = await heldInFlow();
  assert.ok(swept < alone * CLEARLY, `${swept} bytes with, ${alone} without`);
});

it('asked for twice, it lasts as long as the longer one', async () => {
  const alone = await heldInFlow();
  const first = sweepingBuffers();
  using _ = sweepingBuffers();
  first[Symbol.dispose]();
  const swept = await heldInFlow();
  assert.ok(swept < alone * CLEARLY, `${swept} bytes with, ${alone} without`);
});

it('bytes that somebody holds stay what they are', async () => {
  using _ = sweepingBuffers();
  const kept = Buffer.alloc(MIB, 7);
  await heldInFlow(5);
  assert.ok(kept.every((byte) => byte === 7));
});
