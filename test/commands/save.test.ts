/** `save`: to a file, to a pipe, never to a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('a file goes by name, a pipe gets the bytes', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    save: async (names, target) => {
      calls.push([names, typeof target === 'string' ? target : 'stream']);
      if (typeof target !== 'string') target.write('tar bytes');
    },
  });
  await runCommand(['save', '-o', 'x.tar', 'a', 'b'], { engine });
  const { stdout } = await runCommand(['save', 'a'], { engine });
  assert.equal(stdout, 'tar bytes');
  assert.deepEqual(calls, [
    [['a', 'b'], 'x.tar'],
    [['a'], 'stream'],
  ]);
});

test('a terminal is refused in docker’s words', async () => {
  const { exitCode, stderr } = await runCommand(['save', 'a'], { isTTY: true });
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^cowardly refusing to save to a terminal\. Use the -o flag or redirect\nSee 'slipway save --help'\.\n/,
  );
});
