/** A stream that an archive goes to, and an interrupt at any moment. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { writeOutput } from '#image/output-file.ts';

/** Takes the first chunk and never says so of another, as a pipe that nobody reads. */
function stalledAfterOne(): Writable {
  let chunks = 0;
  return new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      if (++chunks === 1) done();
    },
  });
}

test('an abort while a chunk waits for the reader ends the writing', async () => {
  const controller = new AbortController();
  const writing = writeOutput(stalledAfterOne(), {
    signal: controller.signal,
    write: async (sink) => {
      await sink(Buffer.from('one'));
      setImmediate(() => controller.abort(new Error('stopped')));
      await sink(Buffer.from('two'));
    },
  });
  await assert.rejects(writing, { message: 'stopped' });
});

test('an abort between two chunks ends the writing', { timeout: 120_000 }, async () => {
  const controller = new AbortController();
  const writing = writeOutput(stalledAfterOne(), {
    signal: controller.signal,
    write: async (sink) => {
      await sink(Buffer.from('one'));
      controller.abort(new Error('stopped'));
      await sink(Buffer.from('two'));
    },
  });
  await assert.rejects(writing, { message: 'stopped' });
});
