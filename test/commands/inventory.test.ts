/** `inventory`: to a file or to stdout. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('a file goes by name, stdout gets the document', async () => {
  const targets: unknown[] = [];
  const engine = fakeEngine({
    inventory: async (target) => {
      targets.push(typeof target === 'string' ? target : 'stream');
      if (typeof target !== 'string') target.write('{}\n');
    },
  });
  await runCommand(['inventory', '-o', 'have.json'], { engine });
  const { stdout } = await runCommand(['inventory'], { engine });
  assert.equal(stdout, '{}\n');
  assert.deepEqual(targets, ['have.json', 'stream']);
});
