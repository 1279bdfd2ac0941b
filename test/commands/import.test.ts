/** `import`: its arguments to the engine, the ID on stdout and nothing else there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import type { ImportOptions } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const imageId = digestOf(Buffer.from('image'));
const manifest = { mediaType: 'm', digest: imageId, size: 1 };

test('a file with everything said', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    import: async (source, { events: _, signal: __, ...options }: ImportOptions = {}) => {
      calls.push([source, options]);
      return { imageId, manifest };
    },
  });
  const flags = ['-c', 'CMD a', '--change', 'USER b', '-m', 'words', '--platform', 'linux/arm64'];
  const environment = { SOURCE_DATE_EPOCH: '7' };
  const { stdout } = await runCommand(['import', ...flags, 'x.tar', 'app:1'], {
    engine,
    environment,
  });
  assert.equal(stdout, `${imageId}\n`);
  await runCommand(['image', 'import', 'http://host/x.tar'], { engine });
  assert.deepEqual(calls, [
    [
      'x.tar',
      {
        changes: ['CMD a', 'USER b'],
        name: 'app:1',
        message: 'words',
        platform: { os: 'linux', architecture: 'arm64' },
        sourceDateEpoch: 7,
      },
    ],
    ['http://host/x.tar', { changes: [] }],
  ]);
});

test('what the engine mentions goes to stderr', async () => {
  const engine = fakeEngine({
    import: async (source, { events } = {}) => {
      assert.equal(typeof source, 'object');
      events?.({ kind: 'note', level: 'info', text: 'Downloading from x' });
      events?.({ kind: 'note', level: 'warning', text: 'strange' });
      return { imageId, manifest };
    },
  });
  const { stdout, stderr } = await runCommand(['import', '-'], { engine });
  assert.equal(stdout, `${imageId}\n`);
  assert.equal(stderr, 'Downloading from x\nWARNING: strange\n');
});

test('a terminal holds no tar', async () => {
  const { exitCode, stderr } = await runCommand(['import', '-'], { isTTY: true });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^requested import from stdin, but stdin is a terminal\nredirect the tar: /);
});
