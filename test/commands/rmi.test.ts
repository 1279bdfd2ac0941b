/** `rmi`: each name told, the rest goes on after a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
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
  assert.deepEqual(await runCommand(['rmi', 'a', 'nosuch', 'b'], { engine }), {
    exitCode: 1,
    stdout: 'Untagged: a:latest\nDeleted: sha256:ab\nUntagged: b:latest\nDeleted: sha256:ab\n',
    stderr: 'ERROR: No such image: nosuch\n',
  });
  assert.deepEqual(forced, [false, false, false]);
});

test('with force, what is not there is told but no failure', async () => {
  const forced: unknown[] = [];
  const engine = fakeEngine({
    removeImage: async (name, options) => {
      forced.push(options);
      if (name === 'used') throw new SlipwayError('IMAGE_IN_USE', 'conflict');
      throw new SlipwayError('IMAGE_UNKNOWN', `No such image: ${name}`);
    },
  });
  assert.deepEqual(await runCommand(['rmi', '-f', 'nosuch'], { engine }), {
    exitCode: 0,
    stdout: '',
    stderr: 'ERROR: No such image: nosuch\n',
  });
  const used = await runCommand(['image', 'remove', '--force', '--no-prune', 'used'], { engine });
  assert.equal(used.exitCode, 1);
  assert.deepEqual(forced, [{ force: true }, { force: true }]);
});

test('a dry run', async () => {
  const engine = fakeEngine({
    planRemoval: async (names) => ({
      names: [...names],
      imageIds: [digestOf('app')],
      freedBytes: 412_000_000,
    }),
  });
  assert.deepEqual(await runCommand(['rmi', '--dry-run', 'a:1', 'a:2'], { engine }), {
    exitCode: 0,
    stdout: `Would untag: a:1\nWould untag: a:2\nWould delete: ${digestOf('app')}\nTotal reclaimable space: 412MB\n`,
    stderr: '',
  });
});
