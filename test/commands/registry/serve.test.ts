/** `registry serve`: says where, stays until interrupted, lets go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServeOptions } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('serves until the signal, then closes and ends well', async () => {
  const seen: ServeOptions[] = [];
  let closed = false;
  const controller = new AbortController();
  const engine = fakeEngine({
    serveRegistry: async (options) => {
      seen.push(options);
      options.log?.('GET /v2/ 200');
      setImmediate(() => controller.abort());
      return {
        address: '127.0.0.1:4711',
        [Symbol.asyncDispose]: async () => {
          closed = true;
        },
      };
    },
  });
  const interrupts = { signal: controller.signal, exitCode: () => 130 };
  const argv = ['registry', 'serve', '--addr', '127.0.0.1:0', '--log'];
  assert.deepEqual(await runCommand(argv, { engine, interrupts }), {
    exitCode: 0,
    stdout: 'Registry listening on http://127.0.0.1:4711\n',
    stderr: 'GET /v2/ 200\n',
  });
  assert.equal(seen[0]?.address, '127.0.0.1:0');
  assert.equal(seen[0]?.allowPublic, false);
  assert.equal(closed, true);
  assert.equal(engine.disposed, true);
});

test('--allow-public is passed on', async () => {
  const seen: ServeOptions[] = [];
  const controller = new AbortController();
  const engine = fakeEngine({
    serveRegistry: async (options) => {
      seen.push(options);
      controller.abort();
      return { address: '0.0.0.0:4711', [Symbol.asyncDispose]: async () => {} };
    },
  });
  const interrupts = { signal: controller.signal, exitCode: () => 130 };
  const argv = ['registry', 'serve', '--addr', '0.0.0.0:0', '--allow-public'];
  assert.equal((await runCommand(argv, { engine, interrupts })).exitCode, 0);
  assert.deepEqual(seen, [{ address: '0.0.0.0:0', allowPublic: true }]);
});
