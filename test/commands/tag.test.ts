/** `tag`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('source and target reach the engine, silently', async () => {
  const calls: string[][] = [];
  const engine = fakeEngine({
    tag: async (source, target) => {
      calls.push([source, target]);
    },
  });
  const outcome = await runCommand(['tag', 'a', 'b:1'], { engine });
  assert.deepEqual(outcome, { exitCode: 0, stdout: '', stderr: '' });
  assert.deepEqual(calls, [['a', 'b:1']]);
});

test('one name is too few', async () => {
  assert.deepEqual(await runCommand(['tag', 'a']), {
    exitCode: 1,
    stdout: '',
    stderr: `"slipway tag" requires exactly 2 arguments.
See 'slipway tag --help'.

Usage:  slipway tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]
`,
  });
});
