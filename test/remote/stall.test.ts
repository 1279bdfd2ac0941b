/** Bodies that trickle. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { unstalled } from '#remote/stall.ts';
import { collect } from '#test/helpers/images.ts';

function bodyOf(sizes: readonly number[], clock: { ms: number }, pauseMs: number) {
  return (async function* () {
    for (const size of sizes) {
      clock.ms += pauseMs;
      yield Buffer.alloc(size);
    }
  })();
}

it('a byte now and then counts as a broken connection', async () => {
  const clock = { ms: 0 };
  const policy = { windowMs: 60_000, bytesMin: 1000, nowMs: () => clock.ms };
  const body = unstalled(bodyOf(Array(100).fill(1), clock, 5000), policy);
  await assert.rejects(collect(body), {
    code: 'REGISTRY_UNREACHABLE',
    detail: { transient: true, bytes: 12 },
  });
});

it('a slow line that brings enough is waited for', async () => {
  const clock = { ms: 0 };
  const policy = { windowMs: 60_000, bytesMin: 1000, nowMs: () => clock.ms };
  const body = unstalled(bodyOf(Array(100).fill(100), clock, 5000), policy);
  assert.equal((await collect(body)).byteLength, 10_000);
});

it('the time its reader takes does not count', async () => {
  const clock = { ms: 0 };
  const policy = { windowMs: 60_000, bytesMin: 1000, nowMs: () => clock.ms };
  let bytes = 0;
  for await (const chunk of unstalled(bodyOf(Array(50).fill(1), clock, 1), policy)) {
    bytes += chunk.byteLength;
    clock.ms += 30_000;
  }
  assert.equal(bytes, 50);
});
