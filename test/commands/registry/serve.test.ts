/** `registry serve`: says where, stays until interrupted, lets go. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ServeOptions } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

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
        url: 'http://127.0.0.1:4711',
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

test('flags become the configuration; a key that does not exist ends it', async () => {
  const seen: ServeOptions[] = [];
  const controller = new AbortController();
  const engine = fakeEngine({
    serveRegistry: async (options) => {
      seen.push(options);
      controller.abort();
      return { address: 'h:1', url: 'http://h:1', [Symbol.asyncDispose]: async () => {} };
    },
  });
  const interrupts = { signal: controller.signal, exitCode: () => 130 };
  const argv = ['registry', 'serve', '--read-only', '--tls', 'self', '--anonymous', 'pull'];
  assert.equal((await runCommand(argv, { engine, interrupts })).exitCode, 0);
  assert.equal(seen[0]?.readOnly, true);
  assert.deepEqual(seen[0]?.tls?.source, { kind: 'self', names: [] });
  assert.equal(seen[0]?.auth?.anonymous, 'pull');
  using folder = tempFolder();
  writeFileSync(folder.at('c.yaml'), 'adress: x\n');
  const wrong = await runCommand(['registry', 'serve', '--config', folder.at('c.yaml')], {
    engine,
  });
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /c\.yaml:1: there is no key adress/);
});

test('--allow-public is passed on', async () => {
  const seen: ServeOptions[] = [];
  const controller = new AbortController();
  const engine = fakeEngine({
    serveRegistry: async (options) => {
      seen.push(options);
      controller.abort();
      return {
        address: '0.0.0.0:4711',
        url: 'http://0.0.0.0:4711',
        [Symbol.asyncDispose]: async () => {},
      };
    },
  });
  const interrupts = { signal: controller.signal, exitCode: () => 130 };
  const argv = ['registry', 'serve', '--addr', '0.0.0.0:0', '--allow-public'];
  assert.equal((await runCommand(argv, { engine, interrupts })).exitCode, 0);
  assert.deepEqual(
    seen.map(({ address, allowPublic }) => ({ address, allowPublic })),
    [{ address: '0.0.0.0:0', allowPublic: true }],
  );
});
