/** `image ls-files`: bytes to a pipe, safe text to a terminal, rows by a template. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toByteString } from '#core/bytes.ts';
import type { ImageFile } from '#core/image-files.ts';
import type { ListFilesOptions } from '#engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const FILE: ImageFile = {
  path: toByteString('/é\u001b'),
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 3,
  mtimeSeconds: 0,
  layer: 2,
};

test('paths, long lines, templates', async () => {
  const calls: unknown[] = [];
  const engine = fakeEngine({
    listFiles: async (image, { signal: _, ...options }: ListFilesOptions = {}) => {
      calls.push([image, options]);
      return [FILE];
    },
  });
  const run = async (...argv: readonly string[]): Promise<string> =>
    (await runCommand(['image', 'ls-files', ...argv], { engine })).stdout;
  assert.equal(await run('app'), '/é\u001b\n');
  assert.equal(
    await run('-l', '--layer', 'app', '/etc', '--depth', '2'),
    '2 -rw-r--r-- 0 0 3 1970-01-01 00:00 /é\u001b\n',
  );
  assert.equal(await run('--format', '{{.Size}} {{.Type}}', 'app'), '3 file\n');
  assert.equal(JSON.parse(await run('--format', 'json', 'app')).Layer, 2);
  assert.match(await run('--format', 'table {{.Size}}\t{{.Path}}', 'app'), /^SIZE +PATH\n3 +\/é/);
  assert.deepEqual(calls.slice(0, 2), [
    ['app', {}],
    ['app', { path: '/etc', depthMax: 2 }],
  ]);
  const shown = await runCommand(['image', 'ls-files', 'app'], { engine, isTTY: true });
  assert.equal(shown.stdout, '/é\\x1b\n');
});

test('a depth that is none', async () => {
  const { exitCode, stderr } = await runCommand(['image', 'ls-files', '--depth', '0', 'app']);
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^invalid argument "0" for "--depth" flag.*\nSee 'slipway image ls-files --help'/,
  );
});
