/** A name without tags in its registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('a repository without tags is said to be unknown', async () => {
  const engine = fakeEngine({ remoteTags: async () => [] });
  const { exitCode, stdout, stderr } = await runCommand(['pull', '-a', 'a/b'], { engine });
  assert.deepEqual([exitCode, stdout], [1, '']);
  assert.match(stderr, /repository a\/b not found/);
});
