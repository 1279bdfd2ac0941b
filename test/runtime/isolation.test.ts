/**
 * What a container sees of itself, of the host and of its rights: slipway-init as the only file of
 * the root, run through the resident helper.
 */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { contained, runInit } from '#test/helpers/containers.ts';

contained('every namespace but user and network is the container’s own', async () => {
  const { stdout } = await runInit(['namespaces']);
  const host = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'].map((kind) =>
    readlinkSync(`/proc/self/ns/${kind}`),
  );
  const shared = stdout
    .trim()
    .split('\n')
    .filter((name) => host.includes(name));
  assert.deepEqual(
    shared.map((name) => name.replace(/:.*/, '')),
    ['net', 'user'],
  );
});

contained('network none is a namespace with only a loopback interface, which is up', async () => {
  const args = [
    '/init',
    'all',
    'namespaces',
    ',',
    'ls',
    '/sys/class/net',
    ',',
    'cat',
    '/sys/class/net/lo/flags',
  ];
  const { stdout } = await runInit([], { args, network: 'none' });
  const lines = stdout.trim().split('\n');
  assert.notEqual(
    lines.find((line) => line.startsWith('net:')),
    readlinkSync('/proc/self/ns/net'),
  );
  assert.deepEqual(lines.slice(-2), ['lo', '0x9']);
});

contained('it is process 1, has the host name given and the working folder', async () => {
  const { stdout } = await runInit(['all', 'pid', ',', 'hostname', ',', 'pwd'], {
    hostname: 'tugboat',
    cwd: '/etc',
  });
  assert.equal(stdout, '1 0\ntugboat\n/etc\n');
});

contained('capabilities are docker’s default mask, for root; another user has none', async () => {
  const mask = '00000000a80425fb';
  const none = '0000000000000000';
  const sets = (text: string): readonly string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('Cap'))
      .map((line) => line.replace('\t', ' '));
  const root = await runInit(['caps']);
  assert.deepEqual(sets(root.stdout), [
    `CapInh: ${none}`,
    `CapPrm: ${mask}`,
    `CapEff: ${mask}`,
    `CapBnd: ${mask}`,
    `CapAmb: ${none}`,
  ]);
  const user = await runInit(['caps'], { user: { uid: 1000, gid: 1000 } });
  assert.deepEqual(sets(user.stdout), [
    `CapInh: ${none}`,
    `CapPrm: ${none}`,
    `CapEff: ${none}`,
    `CapBnd: ${mask}`,
    `CapAmb: ${none}`,
  ]);
});

contained('ambient capabilities reach a user other than root', async () => {
  const only = ['CAP_NET_BIND_SERVICE'];
  const { stdout } = await runInit(['caps'], {
    user: { uid: 1000, gid: 1000 },
    edit: (spec) => ({
      ...spec,
      process: {
        ...spec.process,
        capabilities: {
          bounding: only,
          effective: only,
          permitted: only,
          inheritable: only,
          ambient: only,
        },
      },
    }),
  });
  assert.match(stdout, /CapEff:\t0000000000000400\n/);
});

contained('no_new_privs is off by default and on when asked', async () => {
  assert.match((await runInit(['caps'])).stdout, /NoNewPrivs:\t0/);
  assert.match((await runInit(['caps'], { noNewPrivileges: true })).stdout, /NoNewPrivs:\t1/);
});

contained('user, group, additional groups and umask are the spec’s', async () => {
  const user = { uid: 12, gid: 34, additionalGids: [56, 78] };
  const { stdout } = await runInit(['all', 'id', ',', 'umask'], { user });
  assert.equal(stdout, 'uid=12 gid=34 groups=56,78\n0022\n');
});

contained('the environment is exactly the spec’s', async () => {
  const { stdout } = await runInit(['env'], { env: ['B=2', 'A=1 ä', 'EMPTY='] });
  assert.equal(stdout, 'B=2\nA=1 ä\nEMPTY=\n');
});

contained('only descriptors 0, 1 and 2 are open; no signal is blocked or ignored', async () => {
  assert.equal((await runInit(['descriptors'])).stdout, '0\n1\n2\n');
  const { stdout } = await runInit(['signals']);
  assert.equal(stdout, `SigBlk:\t${'0'.repeat(16)}\nSigIgn:\t${'0'.repeat(16)}\n`);
});

contained('masked paths are empty, read-only ones cannot be written', async () => {
  assert.equal((await runInit(['cat', '/proc/kcore'])).stdout, '');
  assert.equal((await runInit(['ls', '/sys/firmware'])).stdout, '');
  const write = await runInit(['write', '/proc/sys/kernel/domainname', 'x']);
  assert.match(write.stderr, /Read-only file system/);
  const sys = await runInit(['mkdir', '/sys/kernel/x']);
  assert.match(sys.stderr, /Read-only file system|Operation not permitted/);
});

contained('/dev has the default devices and links, and nothing of the host', async () => {
  const { stdout } = await runInit(['ls', '/dev']);
  const names = ['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin'];
  assert.deepEqual(stdout.trim().split('\n'), [...names, 'stdout', 'tty', 'urandom', 'zero']);
  assert.equal((await runInit(['stat', '/dev/null'])).stdout, '/dev/null 20666 0 0 0 1:3\n');
  assert.equal((await runInit(['write', '/dev/null', 'gone'])).exitCode, 0);
});

contained('another user can write to /dev/stderr, although it is a pipe of root’s', async () => {
  const wanted = { user: { uid: 1000, gid: 1000 } };
  const { stderr, exitCode } = await runInit(['write', '/dev/stderr', 'heard'], wanted);
  assert.deepEqual({ stderr, exitCode }, { stderr: 'heard', exitCode: 0 });
});
