/** Taking turns. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Slots } from '#store/slots.ts';

it('no more than the number hold one, and who waits gets it in order', async () => {
  const slots = new Slots(2);
  const got: string[] = [];
  const [a, b] = [await slots.take(), await slots.take()];
  const waiting = ['c', 'd'].map(async (name) => {
    const slot = await slots.take();
    got.push(name);
    return slot;
  });
  await turn();
  assert.deepEqual(got, []);
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  await turn();
  assert.deepEqual(got, ['c']);
  b[Symbol.dispose]();
  await Promise.all(waiting);
  assert.deepEqual(got, ['c', 'd']);
});
