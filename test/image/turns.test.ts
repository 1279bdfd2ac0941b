/** Synchronous work that can be stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turns } from '#image/turns.ts';

test('an abort that waits for its turn gets it', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stopped')));
  const turn = turns(stop.signal);
  await assert.rejects(
    async () => {
      for (;;) await turn();
    },
    { message: 'stopped' },
  );
});
