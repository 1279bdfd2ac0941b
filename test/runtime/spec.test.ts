/** docker's defaults in a RuntimeSpec, and what the options change. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type ContainerSpecOptions, containerSpec, DEFAULT_CAPABILITIES } from '#runtime/spec.ts';

const PLAIN: ContainerSpecOptions = {
  args: ['true'],
  env: ['A=b'],
  cwd: '/work',
  user: { uid: 7, gid: 8 },
  hostname: 'boat',
  network: 'host',
};

test('the process is what was asked for, with docker’s fourteen capabilities', () => {
  const { process } = containerSpec(PLAIN);
  assert.deepEqual(process, {
    user: { uid: 7, gid: 8 },
    args: ['true'],
    env: ['A=b'],
    cwd: '/work',
    capabilities: {
      bounding: DEFAULT_CAPABILITIES,
      effective: DEFAULT_CAPABILITIES,
      permitted: DEFAULT_CAPABILITIES,
      inheritable: [],
      ambient: [],
    },
  });
  assert.equal(new Set(DEFAULT_CAPABILITIES).size, 14);
});

test('only network none gets a network namespace of its own', () => {
  const types = (network: 'host' | 'none'): readonly string[] =>
    containerSpec({ ...PLAIN, network }).linux.namespaces.map(({ type }) => type);
  assert.deepEqual(types('host'), ['pid', 'mount', 'uts', 'ipc', 'cgroup']);
  assert.deepEqual(types('none'), ['pid', 'mount', 'uts', 'ipc', 'cgroup', 'network']);
});

test('own mounts follow the default ones', () => {
  const mount = { destination: '/x', type: 'bind', source: '/y', options: ['bind'] };
  const { mounts } = containerSpec({ ...PLAIN, mounts: [mount] });
  assert.deepEqual(
    mounts.map(({ destination }) => destination),
    ['/proc', '/dev', '/dev/pts', '/sys', '/dev/mqueue', '/dev/shm', '/x'],
  );
});

test('options that are not given leave no field behind', () => {
  const spec = containerSpec(PLAIN);
  assert.deepEqual(Object.keys(spec.root), ['path']);
  const full = containerSpec({
    ...PLAIN,
    readonlyRoot: true,
    noNewPrivileges: true,
    terminal: true,
    user: { uid: 7, gid: 8, additionalGids: [9] },
  });
  assert.equal(full.root.readonly, true);
  assert.equal(full.process.noNewPrivileges, true);
  assert.equal(full.process.terminal, true);
  assert.deepEqual(full.process.user.additionalGids, [9]);
});
