/** A source that stands still does not keep anybody. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { interruptible } from '#image/interruptible.ts';
import { collect, streamOf } from '#test/helpers/entries.ts';

test('everything, as long as nobody interrupts', async () => {
  const bytes = Buffer.from('some bytes');
  const { signal } = new AbortController();
  assert.deepEqual(await collect(interruptible(streamOf(bytes, 3), signal)), bytes);
  assert.deepEqual(await collect(interruptible(streamOf(bytes, 3), undefined)), bytes);
});

test('interrupted while it waits', async () => {
  const stop = new AbortController();
  const silent = new PassThrough();
  silent.write('first');
  const chunks = interruptible(silent, stop.signal);
  assert.equal(String((await chunks.next()).value), 'first');
  setImmediate(() => stop.abort(new Error('stopped')));
  await assert.rejects(chunks.next(), { message: 'stopped' });
  await assert.rejects(collect(interruptible(silent, stop.signal)), { message: 'stopped' });
});
