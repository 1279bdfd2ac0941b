/** `image cat`: each path in turn, a missing one does not end it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('what can be read is, the rest is told', async () => {
  const engine = fakeEngine({
    readFile: async (image, path, { output }) => {
      if (path === '/nope') throw new SlipwayError('PATH_UNKNOWN', 'Could not find the file /nope');
      output.write(`${image}${path};`);
    },
  });
  const argv = ['image', 'cat', 'app', '/a', '/nope', '/b'];
  const { exitCode, stdout, stderr } = await runCommand(argv, { engine });
  assert.deepEqual(
    [exitCode, stdout, stderr],
    [1, 'app/a;app/b;', 'ERROR: Could not find the file /nope\n'],
  );
  assert.equal((await runCommand(['image', 'cat', 'app', '/a'], { engine })).exitCode, 0);
});
