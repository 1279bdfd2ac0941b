/** A bundle on disk: OCI's files, ours beside them, and the place for the root. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { writeBundle } from '#runtime/bundle.ts';
import { containerSpec } from '#runtime/spec.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const SPEC = containerSpec({
  args: ['true'],
  env: [],
  cwd: '/',
  user: { uid: 0, gid: 0 },
  hostname: 'boat',
  network: 'none',
});

test('config.json, rootfs.json and an empty root folder', async () => {
  using folder = tempFolder();
  const rootfs = { lowers: [{ kind: 'folder', path: '/lower' }] } as const;
  writeBundle(folder.path, SPEC, rootfs);
  assert.deepEqual(readdirSync(folder.path).sort(), ['config.json', 'rootfs', 'rootfs.json']);
  assert.deepEqual(JSON.parse(readFileSync(folder.at('config.json'), 'utf8')), SPEC);
  assert.deepEqual(JSON.parse(readFileSync(folder.at('rootfs.json'), 'utf8')), rootfs);
  assert.deepEqual(readdirSync(folder.at('rootfs')), []);
});

test('without a rootfs the bundle is a plain OCI one', async () => {
  using folder = tempFolder();
  writeBundle(folder.path, { ...SPEC, root: { path: '/ready' } });
  assert.deepEqual(readdirSync(folder.path), ['config.json']);
});
