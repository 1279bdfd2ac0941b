/** The files a container gets beside its layers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rootFiles } from '#runtime/root-files.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('hosts names the container, resolv.conf is the host’s, both are bound read-only', async () => {
  using folder = tempFolder();
  const mounts = await rootFiles(folder.path, 'box');
  assert.deepEqual(
    mounts.map(({ destination, source }) => [destination, source]),
    [
      ['/etc/hosts', folder.at('hosts')],
      ['/etc/resolv.conf', folder.at('resolv.conf')],
    ],
  );
  for (const { type, options } of mounts) {
    assert.equal(type, 'bind');
    assert.ok(options?.includes('ro') && options.includes('nosuid') && options.includes('nodev'));
  }
  assert.match(readFileSync(folder.at('hosts'), 'utf8'), /^127\.0\.0\.1\tlocalhost box$/m);
});
