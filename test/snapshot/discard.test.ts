/** What a root leaves is out of the way at once, and gone soon, whoever deletes it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeHelper } from '#layer/native.ts';
import { discard } from '#snapshot/discard.ts';
import { LocalStore } from '#store/local-store.ts';
import type { StorePaths } from '#store/paths.ts';
import { nativeHelper } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

async function withRoot(
  files: number,
  work: (paths: StorePaths, root: string) => Promise<void>,
): Promise<void> {
  using folder = tempFolder();
  await using store = await LocalStore.open({ root: folder.at('store') });
  const root = store.paths.temporary('snapshots');
  // As overlay leaves it.
  mkdirSync(join(root, 'work/work'), { recursive: true, mode: 0o000 });
  mkdirSync(join(root, 'upper/deep/er'), { recursive: true });
  for (let i = 0; i < files; i++) writeFileSync(join(root, 'upper/deep/er', `${i}`), 'x');
  await work(store.paths, root);
}

test('a few files are gone when it returns', async () =>
  withRoot(3, async (paths, root) => {
    const helper = { removeLater: async () => assert.fail('no process for three files') };
    await discard(paths, helper, root);
    assert.equal(existsSync(root), false);
    assert.deepEqual(readdirSync(paths.trash), []);
  }));

test('many files: the place is free at once, the files go by a process that nobody waits for', async (t) => {
  const helper = nativeHelper(t);
  if (helper === undefined) return;
  await withRoot(2_000, async (paths, root) => {
    await discard(paths, helper, root);
    assert.equal(existsSync(root), false);
    while (readdirSync(paths.trash).length > 0) await sleep(20);
  });
});

test('many files and no helper: deleted here', async () =>
  withRoot(200, async (paths, root) => {
    await discard(paths, new NativeHelper('/no/such/helper'), root);
    assert.deepEqual(readdirSync(paths.trash), []);
  }));
