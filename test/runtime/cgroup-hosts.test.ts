/**
 * What the launcher writes on machines that this one is not: version 2 alone, hybrid ones, containers.
 * The machines are folders with the kernel's rules imitated; that the kernel takes the writes is not
 * tested here.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import {
  type Hierarchy,
  ImitatedMachine,
  imitated,
  v2Files,
} from '#test/helpers/imitated-machine.ts';

const V2_FILES = [
  ...['memory.max', 'memory.low', 'memory.swap.max', 'memory.current', 'memory.high'],
  ...['cpu.weight', 'cpu.max', 'cpu.max.burst', 'cpu.idle', 'cpuset.cpus', 'cpuset.mems'],
  ...['pids.max', 'io.weight', 'io.max', 'hugetlb.2MB.max', 'hugetlb.2MB.rsvd.max', 'rdma.max'],
];
const ALL = 'cpuset cpu io memory hugetlb pids rdma';

/** A systemd host: the session of root, in a slice. */
function v2(options: { own?: string; sliceHandsOn?: string; root?: string } = {}): Hierarchy {
  const { own = '/user.slice/session.scope', sliceHandsOn = 'memory pids' } = options;
  return {
    point: 'fs',
    version: 2,
    controllers: [],
    own,
    ...(options.root ? { root: options.root } : {}),
    folders: {
      '.': v2Files(V2_FILES, { has: ALL, handsOn: ALL, processes: '1', isRoot: true }),
      'user.slice': v2Files(V2_FILES, { has: ALL, handsOn: sliceHandsOn }),
      'user.slice/session.scope': v2Files(V2_FILES, { has: sliceHandsOn, processes: '10' }),
    },
  };
}

const PIDS = { pids: { limit: 5 } };

imitated(
  'version 2: beside the own group, which has processes, and cloned or moved into it',
  () => {
    using machine = new ImitatedMachine([v2()]);
    const { lines, log } = machine.run('create', PIDS);
    assert.deepEqual(lines, ['/fs/user.slice/RANDOM']);
    assert.deepEqual(log, [
      'fs/user.slice/RANDOM/pids.max 5',
      'fs/user.slice/RANDOM/cgroup.procs 77',
    ]);
  },
);

imitated('version 2: a controller that the group above does not hand on is asked for', () => {
  using machine = new ImitatedMachine([v2()]);
  const { log } = machine.run('create', { cpu: { shares: 1024 }, ...PIDS });
  assert.deepEqual(log.slice(0, 3), [
    'fs/user.slice/cgroup.subtree_control +cpu',
    'fs/user.slice/RANDOM/cpu.weight 100',
    'fs/user.slice/RANDOM/pids.max 5',
  ]);
});

imitated('version 2 in a container: the own group is the root, and has processes', () => {
  const inside: Hierarchy = {
    ...v2({ own: '/' }),
    folders: { '.': v2Files(V2_FILES, { has: ALL, processes: '1' }) },
  };
  using machine = new ImitatedMachine([inside]);
  const { isOk, lines } = machine.run('create', PIDS);
  assert.equal(isOk, false);
  assert.match(
    lines[0] ?? '',
    /^cgroup write .*\/fs\/cgroup\.subtree_control EBUSY .*with processes.*--cgroup-parent$/,
  );
  assert.equal(existsSync(machine.at('fs/slipway')), false);
});

imitated('version 2: at the real root processes are no hindrance', () => {
  using machine = new ImitatedMachine([v2({ own: '/' })]);
  assert.deepEqual(machine.run('create', PIDS).lines, ['/fs/RANDOM']);
});

imitated('version 2: the right to hand on is missing, and the error says how to get it', () => {
  using machine = new ImitatedMachine([v2()]);
  machine.write('fs/user.slice/cgroup.subtree_control', 'memory', 0o444);
  const { isOk, lines } = machine.run('create', PIDS);
  assert.equal(isOk, false);
  assert.match(lines[0] ?? '', /cgroup\.subtree_control E(ACCES|PERM) .*Delegate=yes/);
});

imitated('an absolute cgroupsPath starts at the root and is handed all the way down', () => {
  using machine = new ImitatedMachine([v2()]);
  const { lines, log } = machine.run('keep', PIDS, '/ci/jobs/7');
  assert.deepEqual(lines, ['/fs/ci/jobs/7']);
  assert.deepEqual(
    log.filter((line) => line.includes('+pids')),
    ['fs/ci/cgroup.subtree_control +pids', 'fs/ci/jobs/cgroup.subtree_control +pids'],
  );
  assert.equal(machine.read('fs/ci/jobs/7/pids.max'), '5');
});

imitated('a relative cgroupsPath is where the group would be', () => {
  using machine = new ImitatedMachine([v2()]);
  assert.deepEqual(machine.run('create', PIDS, 'jobs/7').lines, ['/fs/user.slice/jobs/7']);
});

imitated('a group that has processes already is refused', () => {
  using machine = new ImitatedMachine([v2()]);
  machine.run('keep', PIDS, '/taken');
  const { isOk, lines } = machine.run('create', PIDS, '/taken');
  assert.equal(isOk, false);
  assert.match(lines[0] ?? '', /^cgroup mkdir .*\/fs\/taken EBUSY processes are in the group/);
  assert.equal(machine.read('fs/taken/cgroup.procs'), '77');
});

imitated('version 2: every limit by its file', () => {
  using machine = new ImitatedMachine([v2({ sliceHandsOn: ALL })]);
  const rate = (value: number) => [{ major: 8, minor: 0, rate: value }];
  const { lines, log, isOk } = machine.run('create', {
    memory: { limit: 100, swap: 300, reservation: 50 },
    cpu: { shares: 2, quota: 5000, period: 10_000, burst: 7, cpus: '0-1', mems: '0', idle: 1 },
    pids: { limit: -1 },
    blockIO: {
      weight: 1000,
      weightDevice: [{ major: 8, minor: 0, weight: 10 }],
      throttleReadBpsDevice: rate(1),
      throttleWriteBpsDevice: rate(2),
      throttleReadIOPSDevice: rate(3),
      throttleWriteIOPSDevice: rate(0),
    },
    hugepageLimits: [{ pageSize: '2MB', limit: 4 }],
    rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 4 } },
    unified: { 'memory.high': '90' },
  });
  assert.ok(isOk, lines.join());
  assert.deepEqual(
    log.map((line) => line.replace('fs/user.slice/RANDOM/', '')),
    [
      ...['cpuset.cpus 0-1', 'cpuset.mems 0'],
      ...['memory.swap.max 200', 'memory.max 100', 'memory.low 50'],
      ...['cpu.weight 1', 'cpu.max 5000 10000', 'cpu.max.burst 7', 'cpu.idle 1', 'pids.max max'],
      ...['io.weight 10000', 'io.weight 8:0 1'],
      ...['io.max 8:0 rbps=1', 'io.max 8:0 wbps=2', 'io.max 8:0 riops=3', 'io.max 8:0 wiops=max'],
      ...['hugetlb.2MB.max 4', 'hugetlb.2MB.rsvd.max 4'],
      ...['rdma.max mlx5_1 hca_handle=3 hca_object=4', 'memory.high 90', 'cgroup.procs 77'],
    ],
  );
});

imitated('version 2: bfq has a file of its own and the specification’s numbers', () => {
  using machine = new ImitatedMachine([v2({ sliceHandsOn: ALL })]);
  machine.write('fs/user.slice/io.bfq.weight', '');
  const { log } = machine.run('create', { blockIO: { weight: 300 } });
  assert.equal(log[0], 'fs/user.slice/RANDOM/io.bfq.weight 300');
});

imitated('version 2: device rules are a program, in the own group without any controller', () => {
  using machine = new ImitatedMachine([v2()]);
  const { log } = machine.run('create', { devices: [{ allow: false, access: 'rwm' }] });
  assert.equal(log[0], 'fs/user.slice/session.scope/RANDOM/(program) attached');
});

for (const [name, resources, file] of [
  ['swappiness', { memory: { swappiness: 10 } }, 'memory.swappiness'],
  ['no OOM killer', { memory: { disableOOMKiller: true } }, 'memory.oom_control'],
  ['realtime', { cpu: { realtimeRuntime: 5 } }, 'cpu.rt_runtime_us'],
  ['leaf weights', { blockIO: { leafWeight: 10 } }, 'blkio.leaf_weight'],
] as const) {
  imitated(`version 2 has no ${name}, and says so`, () => {
    using machine = new ImitatedMachine([v2({ sliceHandsOn: ALL })]);
    const { isOk, lines } = machine.run('create', resources);
    assert.equal(isOk, false);
    assert.match(lines[0] ?? '', new RegExp(`^cgroup check .*/${file} EOPNOTSUPP version 2`));
    assert.equal(existsSync(machine.at('fs/user.slice/RANDOM')), false);
  });
}

imitated('a controller that nothing has is named', () => {
  using machine = new ImitatedMachine([v2()]);
  const { lines } = machine.run('create', { network: { classID: 5 } });
  assert.match(lines[0] ?? '', /^cgroup find net_cls EOPNOTSUPP no cgroup hierarchy .*"net_cls"/);
});

imitated(
  'a limit of swap without a file for it: kept where there is no swap, else an error',
  () => {
    using machine = new ImitatedMachine([v2({ sliceHandsOn: 'memory' })]);
    using without = new ImitatedMachine([
      {
        ...v2(),
        folders: {
          '.': v2Files(['memory.max'], { has: 'memory', handsOn: 'memory', isRoot: true }),
          'user.slice': v2Files(['memory.max'], { has: 'memory', handsOn: 'memory' }),
          'user.slice/session.scope': v2Files([], { has: 'memory', processes: '10' }),
        },
      },
    ]);
    const memory = { limit: 100, swap: 200 };
    assert.equal(
      machine.run('create', { memory }).log[0],
      'fs/user.slice/RANDOM/memory.swap.max 100',
    );
    assert.equal(without.run('create', { memory }).log[0], 'fs/user.slice/RANDOM/memory.max 100');
    without.write('swaps', '');
    assert.match(
      without.run('create', { memory }).lines[0] ?? '',
      /memory\.swap\.max ENOENT .*swapaccount=1/,
    );
  },
);

imitated('an update of the period keeps the quota; memory in use is checked on request', () => {
  using machine = new ImitatedMachine([v2({ sliceHandsOn: ALL })]);
  machine.run('keep', { cpu: { quota: 5000 }, memory: { limit: 100 } }, '/box');
  const path = machine.at('fs/box');
  machine.run('update', { cpu: { period: 20_000 } }, path);
  assert.equal(machine.read('fs/box/cpu.max'), '5000 20000');
  machine.write('fs/box/memory.current', '90\n');
  const memory = { limit: 50, checkBeforeUpdate: true };
  const { lines } = machine.run('update', { memory }, path);
  assert.match(lines[0] ?? '', /memory\.current EBUSY the limit is 50 bytes, and 90 are in use/);
  assert.equal(machine.read('fs/box/memory.max'), '100');
});

imitated('a process that joins goes below where the container has handed controllers on', () => {
  using machine = new ImitatedMachine([v2()]);
  machine.run('keep', PIDS, '/box');
  assert.deepEqual(machine.act('enter', 'fs/box').log, ['fs/box/cgroup.procs 88']);
  machine.write('fs/box/cgroup.procs', '');
  machine.write('fs/box/cgroup.subtree_control', 'pids');
  machine.write('fs/box/empty/cgroup.procs', '');
  assert.match(
    machine.act('enter', 'fs/box').lines[0] ?? '',
    /^cgroup write .*\/box\/cgroup\.procs EBUSY/,
  );
  machine.write('fs/box/init.scope/cgroup.procs', '77');
  assert.deepEqual(machine.act('enter', 'fs/box').log, ['fs/box/init.scope/cgroup.procs 88']);
});

imitated('version 2: a group is frozen when its events say so, and thawed', () => {
  using machine = new ImitatedMachine([v2()]);
  machine.run('keep', PIDS, '/box');
  machine.write('fs/box/cgroup.freeze', '0');
  machine.write('fs/box/cgroup.events', 'populated 1\nfrozen 1\n');
  assert.deepEqual(machine.act('freeze', 'fs/box').log, ['fs/box/cgroup.freeze 1']);
  machine.write('fs/box/cgroup.events', 'populated 1\nfrozen 0\n');
  assert.deepEqual(machine.act('thaw', 'fs/box').log, ['fs/box/cgroup.freeze 0']);
});

imitated('version 2: a group that does not freeze is thawed again, with the reason', () => {
  using machine = new ImitatedMachine([v2()]);
  machine.run('keep', PIDS, '/box');
  machine.write('fs/box/cgroup.freeze', '0');
  machine.write('fs/box/cgroup.events', 'populated 1\nfrozen 0\n');
  const { lines, log } = machine.act('freeze', 'fs/box');
  assert.match(lines[0] ?? '', /^cgroup freeze .*cgroup\.freeze ETIMEDOUT a process waits/);
  assert.deepEqual(log, ['fs/box/cgroup.freeze 1', 'fs/box/cgroup.freeze 0']);
});

// ---- hybrid, and version 1 seen from containers ------------------------------------------------

const V1_PIDS: Hierarchy = {
  point: 'fs/pids',
  version: 1,
  controllers: ['pids'],
  own: '/lxc/a',
  folders: {
    '.': { 'cgroup.procs': '1', 'pids.max': '' },
    'lxc/a': { 'cgroup.procs': '10', 'pids.max': '' },
  },
};

const UNIFIED: Hierarchy = {
  point: 'fs/unified',
  version: 2,
  controllers: [],
  own: '/',
  folders: {
    '.': v2Files(['memory.max', 'memory.swap.max'], {
      has: 'memory',
      processes: '1',
      isRoot: true,
    }),
  },
};

imitated('hybrid: each controller where it is', () => {
  using machine = new ImitatedMachine([V1_PIDS, UNIFIED]);
  const { lines, log } = machine.run('create', { ...PIDS, memory: { limit: 100 } });
  assert.deepEqual(lines, ['/fs/pids/lxc/a/RANDOM', '/fs/unified/RANDOM']);
  assert.deepEqual(log, [
    'fs/unified/cgroup.subtree_control +memory',
    'fs/unified/RANDOM/memory.max 100',
    'fs/pids/lxc/a/RANDOM/pids.max 5',
    'fs/pids/lxc/a/RANDOM/cgroup.procs 77',
    'fs/unified/RANDOM/cgroup.procs 77',
  ]);
});

imitated('hybrid: unified files need version 2', () => {
  using machine = new ImitatedMachine([V1_PIDS, UNIFIED]);
  const { lines } = machine.run('create', { unified: { 'pids.max': '5' } });
  assert.match(lines[0] ?? '', /^cgroup find pids\.max EOPNOTSUPP no version 2/);
});

imitated('a mount that shows a part of the hierarchy: the own group from there', () => {
  using machine = new ImitatedMachine([
    {
      ...V1_PIDS,
      root: '/lxc',
      folders: { '.': V1_PIDS.folders['.'] ?? {}, a: { 'cgroup.procs': '', 'pids.max': '' } },
    },
  ]);
  assert.deepEqual(machine.run('create', PIDS).lines, ['/fs/pids/a/RANDOM']);
});

imitated('a cpuset is given what the group above has, in every folder made for it', () => {
  using machine = new ImitatedMachine([
    {
      point: 'fs/cpuset',
      version: 1,
      controllers: ['cpuset'],
      own: '/',
      folders: { '.': { 'cgroup.procs': '1', 'cpuset.cpus': '0-3', 'cpuset.mems': '0' } },
    },
  ]);
  const { log } = machine.run('create', { cpu: { cpus: '1' } }, '/a/b');
  assert.deepEqual(
    log.map((line) => line.replace('fs/cpuset/', '')),
    [
      ...['a/cpuset.cpus 0-3', 'a/cpuset.mems 0', 'a/b/cpuset.cpus 0-3', 'a/b/cpuset.mems 0'],
      ...['a/b/cpuset.cpus 1', 'a/b/cgroup.procs 77'],
    ],
  );
});

imitated('a container that outlives its command has groups wherever they can be made', () => {
  using machine = new ImitatedMachine([V1_PIDS, UNIFIED]);
  const { lines } = machine.run('all', {}, '', 'box');
  assert.deepEqual(lines, ['/fs/pids/lxc/a/box', '/fs/unified/box']);
});

imitated('without cgroups a limit is an error and no limit is nothing', () => {
  using machine = new ImitatedMachine([]);
  assert.deepEqual(machine.run('create', {}), { isOk: true, lines: [], log: [] });
  assert.match(machine.run('create', PIDS).lines[0] ?? '', /^cgroup find pids EOPNOTSUPP/);
});

imitated('groups with random names that nobody holds are removed, others stay', () => {
  using machine = new ImitatedMachine([V1_PIDS]);
  const folder = 'fs/pids/lxc/a';
  for (const name of ['slipway-0123456789abcdef', 'slipway-notrandom', 'other']) {
    machine.write(`${folder}/${name}/cgroup.procs`, '');
  }
  machine.run('create', PIDS);
  const left = ['slipway-0123456789abcdef', 'slipway-notrandom', 'other'].filter((name) =>
    existsSync(machine.at(`${folder}/${name}`)),
  );
  assert.deepEqual(left, ['slipway-notrandom', 'other']);
});

imitated('… also below a cgroupsPath, where run --cgroup-parent puts them', () => {
  using machine = new ImitatedMachine([V1_PIDS]);
  machine.write('fs/pids/ci/cgroup.procs', '');
  machine.write('fs/pids/ci/pids.max', '');
  machine.write('fs/pids/ci/slipway-0123456789abcdef/cgroup.procs', '');
  machine.run('create', PIDS, '/ci/slipway-fedcba9876543210');
  assert.deepEqual(readdirSync(machine.at('fs/pids/ci')).toSorted(), ['cgroup.procs', 'pids.max']);
});
