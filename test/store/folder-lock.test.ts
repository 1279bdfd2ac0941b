/** One writer at a time in a folder. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { lockFolder } from '#store/folder-lock.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('writers take turns, and nothing is left', async () => {
  using folder = tempFolder();
  let inside = 0;
  const write = async (): Promise<void> => {
    using _ = await lockFolder(folder.path);
    inside += 1;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(inside, 1);
    inside -= 1;
  };
  await Promise.all([write(), write(), write(), write()]);
  assert.deepEqual(readdirSync(folder.path), []);
});

test('who died in it is stepped over', async () => {
  using folder = tempFolder();
  const owner = `import { currentOwner } from '#store/process-owner.ts'; console.log(currentOwner());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', owner], {
    encoding: 'utf8',
  });
  assert.notEqual(stdout.trim(), '');
  writeFileSync(folder.at('.writer'), `${stdout.trim()} x`);
  using _ = await lockFolder(folder.path);
  assert.equal(readdirSync(folder.path).length, 1);
});

test('an abort ends the waiting', async () => {
  using folder = tempFolder();
  using _ = await lockFolder(folder.path);
  const controller = new AbortController();
  const waiting = lockFolder(folder.path, controller.signal);
  controller.abort(new Error('stopped'));
  await assert.rejects(waiting);
});
