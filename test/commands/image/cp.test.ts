/** `image cp`: which colon ends the name, and what goes to the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyFilesOptions } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

test('name and path, flags, warnings', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    copyFiles: async (image, { signal: _, ...options }: CopyFilesOptions) => {
      const { destination } = options;
      const shown = typeof destination === 'string' ? destination : 'stream';
      calls.push([image, { ...options, destination: shown }]);
      return ['"null": left out'];
    },
  });
  const argv = ['image', 'cp', '-aL', 'localhost:5000/app:1:/etc/a:/b', 'out'];
  const { stdout, stderr, exitCode } = await runCommand(argv, { engine });
  assert.deepEqual([exitCode, stdout, stderr], [0, '', 'WARNING: "null": left out\n']);
  await runCommand(['image', 'cp', 'app:/', '-'], { engine });
  assert.deepEqual(calls, [
    [
      'localhost:5000/app:1',
      { source: '/etc/a:/b', destination: 'out', followLink: true, keepOwner: true },
    ],
    ['app', { source: '/', destination: 'stream', followLink: false, keepOwner: false }],
  ]);
});

test('no path, the other direction, a terminal', async () => {
  const refused = async (argv: readonly string[], isTTY = false): Promise<string> => {
    const { exitCode, stderr } = await runCommand(['image', 'cp', ...argv], { isTTY });
    assert.equal(exitCode, 1);
    return stderr;
  };
  assert.match(
    await refused(['app', 'out']),
    /^"app" names no path in an image\nwrite IMAGE:\/path/,
  );
  assert.match(
    await refused(['file', 'app:/x']),
    /^"file" names no path in an image\n.*a build FROM it can\n/,
  );
  assert.match(await refused(['app:/x', '-'], true), /^cowardly refusing to copy to a terminal/);
});
