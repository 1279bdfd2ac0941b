/** `rmi`: each name told, the rest goes on after a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('names that go, names that do not', async () => {
  const forced: (boolean | undefined)[] = [];
  const engine = fakeEngine({
    removeImage: async (name, options) => {
      forced.push(options?.force);
      if (name === 'nosuch') throw new SlipwayError('IMAGE_UNKNOWN', 'No such image: nosuch');
      return [
        { kind: 'untagged', name: `${name}:latest` },
        { kind: 'deleted', name: 'sha256:ab' },
      ];
    },
  });
  assert.deepEqual(await runCommand(['rmi', '-f', 'a', 'nosuch', 'b'], { engine }), {
    exitCode: 1,
    stdout: 'Untagged: a:latest\nDeleted: sha256:ab\nUntagged: b:latest\nDeleted: sha256:ab\n',
    stderr: 'ERROR: No such image: nosuch\n',
  });
  assert.deepEqual(forced, [true, true, true]);
});
