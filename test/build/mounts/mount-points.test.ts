/** Where mounts go in a root, and what it lacks for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMountPoints } from '#build/mounts/mount-points.ts';
import { SecretStore } from '#build/mounts/secret-store.ts';
import type { RunMount } from '#dockerfile/mount.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { link, memoryTree } from '#test/helpers/memory-tree.ts';

const TREE = memoryTree({
  etc: { hosts: 'x' },
  run: {},
  var: { run: link('/run') },
  lost: link('no/where'),
});
const SESSION = {
  secrets: new SecretStore({ given: { kind: 'value', value: 's' } }),
  agents: {},
};

function find(path: string, kind: 'folder' | 'file', id = 'given') {
  const mount: RunMount =
    kind === 'folder'
      ? { type: 'tmpfs', target: path, readOnly: false }
      : { type: 'secret', id, target: path, required: false };
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text: 'FROM scratch\n' });
  const operand = { text: '', range: { start: 0, end: 4 } };
  return findMountPoints(SESSION, [{ mount, path, operand, dockerfile }], TREE);
}

for (const [path, kind, real, folders, files] of [
  ['/etc', 'folder', '/etc', [], []],
  ['/etc/hosts', 'file', '/etc/hosts', [], []],
  ['/a/b', 'folder', '/a/b', ['a', 'a/b'], []],
  ['/a/b', 'file', '/a/b', ['a'], ['a/b']],
  ['/var/run/x/y', 'file', '/run/x/y', ['run/x'], ['run/x/y']],
  ['/lost', 'folder', '/no/where', ['no', 'no/where'], []],
] as const) {
  test(`${kind} ${path}: ${real}`, async () => {
    const found = await find(path, kind);
    assert.deepEqual([...found.real.values()], [real]);
    assert.deepEqual(found.missing, { folders, files });
  });
}

for (const [path, kind, message] of [
  ['/etc', 'file', 'cannot mount at /etc: is a directory'],
  ['/etc/hosts', 'folder', 'cannot mount at /etc/hosts: not a directory'],
  ['/etc/hosts/x', 'file', 'cannot mount at /etc/hosts/x: not a directory'],
] as const) {
  test(`no ${kind} at ${path}`, async () => {
    await assert.rejects(find(path, kind), { code: 'PATH_NOT_DIRECTORY', message });
  });
}

test('a secret that nobody gave needs no place', async () => {
  const { real, missing } = await find('/run/secrets/none', 'file', 'none');
  assert.deepEqual([real.size, missing], [0, { folders: [], files: [] }]);
});
