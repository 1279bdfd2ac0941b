/** The folders of secrets, in a place that all users of the machine share. */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { secretFolder } from '#build/mounts/secret-folder.ts';
import { currentOwner } from '#store/process-owner.ts';

/** A folder as a killed build leaves it. */
function left(parent: string): string {
  const [boot, namespace] = currentOwner().split('.');
  // No process has this number: the kernel's limit is lower.
  const folder = join(
    parent,
    `slipway-secret-${boot}.${namespace}.9999999.1.${crypto.randomUUID()}`,
  );
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'secret'), 'old');
  return folder;
}

async function place(): Promise<string> {
  await using one = await secretFolder();
  return dirname(one.folder);
}

test('it is for its owner alone, and gone afterwards', async () => {
  const one = await secretFolder();
  assert.equal(statSync(one.folder).mode & 0o777, 0o700);
  await one[Symbol.asyncDispose]();
  assert.equal(existsSync(one.folder), false);
});

test('what a killed build left goes with the next one', async () => {
  const old = left(await place());
  await using _one = await secretFolder();
  assert.equal(existsSync(old), false);
});

test("what another user's killed build left stays, and stops nobody", async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('needs root: makes a folder of another user');
    return;
  }
  const old = left(await place());
  try {
    chownSync(old, 65_534, 65_534);
    await using _one = await secretFolder();
    assert.equal(existsSync(old), true);
  } finally {
    rmSync(old, { recursive: true });
  }
});
