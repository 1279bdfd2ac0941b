/** The rate of an upstream: what is due when, by a clock of the test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bandwidth } from '#registry/proxy/bandwidth.ts';

describe('a rate of 1000 bytes a second', () => {
  it('is that of all who read, together', () => {
    const bandwidth = new Bandwidth(1000, () => 0);
    assert.deepEqual([bandwidth.take(500), bandwidth.take(500)], [500, 1000]);
  });

  it('saves nothing up while nobody reads', () => {
    let nowMs = 0;
    const bandwidth = new Bandwidth(1000, () => nowMs);
    bandwidth.take(100);
    nowMs = 60_000;
    assert.equal(bandwidth.take(100), 100);
  });

  it('passes every byte on', async () => {
    const bandwidth = new Bandwidth(1_000_000, () => 0);
    const chunks = [Buffer.from('ab'), Buffer.from('c')];
    const passed = await Array.fromAsync(
      bandwidth.slowed(
        (async function* () {
          yield* chunks;
        })(),
      ),
    );
    assert.deepEqual(passed, chunks);
  });

  it('is left by who is told to stop', async () => {
    const stop = new AbortController();
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(1_000_000);
    })();
    const slowed = new Bandwidth(1000, () => 0).slowed(endless, stop.signal);
    await slowed.next();
    const next = slowed.next();
    stop.abort();
    await assert.rejects(next, { name: 'AbortError' });
  });
});

it('without a rate nothing is waited for', () => {
  assert.equal(new Bandwidth(undefined, () => 0).take(1e12), 0);
});
