/** `load`: names, or the ID of what has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const imageId = digestOf('config');

test('what was loaded is named', async () => {
  const sources: unknown[] = [];
  const engine = fakeEngine({
    load: async (source, { onLoaded } = {}) => {
      sources.push(Array.isArray(source) ? source : 'stream');
      const loaded = [
        { imageId, names: [parseReference('app:1'), parseReference('localhost:5000/app:1')] },
        { imageId, names: [] },
      ];
      for (const image of loaded) onLoaded?.(image);
      return loaded;
    },
  });
  const { stdout } = await runCommand(['load', '-i', 'x.tar'], { engine });
  assert.equal(
    stdout,
    `Loaded image: app:1\nLoaded image: localhost:5000/app:1\nLoaded image ID: ${imageId}\n`,
  );
  await runCommand(['load', '-i', 'x.tar.002', '-i', 'x.tar.001'], { engine });
  await runCommand(['load'], { engine });
  assert.deepEqual(sources, [['x.tar'], ['x.tar.002', 'x.tar.001'], 'stream']);
});

test('a terminal is no archive', async () => {
  const { exitCode, stderr } = await runCommand(['load'], { isTTY: true });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^requested load from stdin, but stdin is empty\n/);
});

test('--to: names are those in the registry, notes go to stderr', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    loadTo: async (source, { to, maps, events }) => {
      calls.push([source, to, maps]);
      events?.({ kind: 'note', level: 'warning', text: 'something was left out' });
      return [{ imageId, names: [parseReference('localhost:5000/m/app:1')] }];
    },
  });
  const to = 'registry://localhost:5000/m';
  const argv = ['load', '-i', 'x.tar', '--to', to, '--map', 'a=b', '--map', 'c=d'];
  const { stdout, stderr } = await runCommand(argv, { engine });
  assert.equal(stdout, 'Loaded image: localhost:5000/m/app:1\n');
  assert.equal(stderr, 'WARNING: something was left out\n');
  assert.deepEqual(calls, [[['x.tar'], to, ['a=b', 'c=d']]]);
});

test('--map without --to is refused', async () => {
  const { exitCode, stderr } = await runCommand(['load', '-i', 'x.tar', '--map', 'a=b']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^--map needs --to\n/);
});

test('what was loaded before a failure is named all the same', async () => {
  const engine = fakeEngine({
    load: async (_source, { onLoaded } = {}) => {
      onLoaded?.({ imageId, names: [parseReference('app:1')] });
      throw new SlipwayError('ARCHIVE_INCOMPLETE', '1 image is not complete');
    },
  });
  const { exitCode, stdout, stderr } = await runCommand(['load', '-i', 'x.tar'], { engine });
  assert.equal(exitCode, 1);
  assert.equal(stdout, 'Loaded image: app:1\n');
  assert.match(stderr, /^ERROR: 1 image is not complete\n/);
});

test('--verify goes on, here and to a registry', async () => {
  const keys: unknown[] = [];
  const engine = fakeEngine({
    load: async (_source, { verify } = {}) => {
      keys.push(verify);
      return [];
    },
    loadTo: async (_source, { verify }) => {
      keys.push(verify);
      return [];
    },
  });
  await runCommand(['load', '-i', 'x.tar', '--verify', 'key.pub'], { engine });
  const to = ['--to', 'registry://localhost:5000'];
  await runCommand(['load', '-i', 'x.tar', '--verify', 'key.pub', ...to], { engine });
  await runCommand(['load', '-i', 'x.tar'], { engine });
  assert.deepEqual(keys, ['key.pub', 'key.pub', undefined]);
});
