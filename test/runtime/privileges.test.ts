/** Capabilities and devices that a privileged container is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesIn, devicesIn } from '#runtime/privileges.ts';
import { containerSpec, DEFAULT_CAPABILITIES } from '#runtime/spec.ts';

test('the bounding set by name; what no kernel has a name for is left out', () => {
  const named = (mask: string) => capabilitiesIn(`Name:\tx\nCapBnd:\t${mask}\nCapAmb:\t0\n`);
  assert.deepEqual(named('00000000a80425fb').toSorted(), DEFAULT_CAPABILITIES.toSorted());
  const all = named('ffffffffffffffff');
  assert.equal(all.length, 41);
  assert.equal(all[21], 'CAP_SYS_ADMIN');
  assert.equal(all[40], 'CAP_CHECKPOINT_RESTORE');
  assert.deepEqual(named('0'), []);
});

test('devices of the host, without those that each container has anyway', () => {
  const paths = devicesIn('/dev').map(({ path }) => path);
  for (const own of ['/dev/null', '/dev/tty', '/dev/ptmx', '/dev/pts/0']) {
    assert.ok(!paths.includes(own), own);
  }
});

test('nothing is hidden or filtered, and /sys can be written to', () => {
  const spec = containerSpec({
    ...{ args: ['x'], env: [], cwd: '/', user: { uid: 0, gid: 0 }, hostname: 'h', network: 'host' },
    privileges: { capabilities: ['CAP_BPF'], devices: [] },
  });
  assert.deepEqual(spec.process.capabilities?.bounding, ['CAP_BPF']);
  assert.deepEqual([spec.linux.maskedPaths, spec.linux.readonlyPaths], [[], []]);
  assert.equal(spec.linux.seccomp, undefined);
  const sys = spec.mounts.find(({ type }) => type === 'sysfs');
  assert.deepEqual(sys?.options, ['nosuid', 'noexec', 'nodev']);
});
