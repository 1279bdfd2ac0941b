/** `load`: names, or the ID of what has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { parseReference } from '#core/reference.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const imageId = digestOf('config');

test('what was loaded is named', async () => {
  const sources: unknown[] = [];
  const engine = fakeEngine({
    load: async (source) => {
      sources.push(typeof source === 'string' ? source : 'stream');
      return [
        { imageId, names: [parseReference('app:1'), parseReference('localhost:5000/app:1')] },
        { imageId, names: [] },
      ];
    },
  });
  const { stdout } = await runCommand(['load', '-i', 'x.tar'], { engine });
  assert.equal(
    stdout,
    `Loaded image: app:1\nLoaded image: localhost:5000/app:1\nLoaded image ID: ${imageId}\n`,
  );
  await runCommand(['load'], { engine });
  assert.deepEqual(sources, ['x.tar', 'stream']);
});

test('a terminal is no archive', async () => {
  const { exitCode, stderr } = await runCommand(['load'], { isTTY: true });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^requested load from stdin, but stdin is empty\n/);
});
