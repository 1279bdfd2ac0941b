/** Owners of files for a container, and what those who have no such ids are told. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { giveOwner } from '#layer/give-owner.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const isRoot = process.getuid?.() === 0;

test('root gives to anybody', async (t) => {
  if (!isRoot) return t.skip('needs root: gives a folder away');
  using folder = tempFolder();
  await giveOwner(folder.path, { uid: 7, gid: 42, shown: '/c' });
  const { uid, gid } = statSync(folder.path);
  assert.deepEqual([uid, gid], [7, 42]);
});

test('others are told who the owner was to be, and of what', async () => {
  using folder = tempFolder();
  if (isRoot) process.seteuid?.(65_534);
  try {
    await assert.rejects(giveOwner(folder.path, { uid: 7, gid: 0, shown: '/c' }), {
      code: 'OWNER_UNMAPPED',
      message: /\/c"?: owner 7:0 is not mapped/,
    });
    await giveOwner(folder.path, { uid: 0, gid: 0, shown: '/c' });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('a file that is not there is no question of owners', async () => {
  using folder = tempFolder();
  const nowhere = folder.at('none');
  await assert.rejects(giveOwner(nowhere, { uid: 7, gid: 0, shown: '/c' }), { code: 'ENOENT' });
});
