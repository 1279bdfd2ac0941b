/** `export`: to a file, to a pipe, never to a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('a file goes by name, a pipe gets the bytes', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    export: async (image, output) => {
      calls.push([image, typeof output === 'string' ? output : 'stream']);
      if (typeof output !== 'string') output.write('tar bytes');
    },
  });
  await runCommand(['export', '-o', 'x.tar', 'app'], { engine });
  const { stdout } = await runCommand(['export', 'app'], { engine });
  assert.equal(stdout, 'tar bytes');
  assert.deepEqual(calls, [
    ['app', 'x.tar'],
    ['app', 'stream'],
  ]);
});

test('a terminal is refused in docker’s words', async () => {
  const { exitCode, stderr } = await runCommand(['export', 'app'], { isTTY: true });
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^cowardly refusing to save to a terminal\. Use the -o flag or redirect\nSee 'slipway export --help'\.\n/,
  );
});
