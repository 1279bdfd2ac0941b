/** Limits as parts of a spec, and docker's rules for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import type { ContainerLimits } from '#core/container-limits.ts';
import type { RuntimeSpec } from '#core/runtime-spec.ts';
import { checkLimits } from '#runtime/limits.ts';
import { containerSpec } from '#runtime/spec.ts';

const MIB = 1024 ** 2;

function specWith(limits?: ContainerLimits): RuntimeSpec {
  return containerSpec({
    args: ['true'],
    env: [],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'boat',
    network: 'host',
    ...(limits ? { limits } : {}),
  });
}

test('without limits the spec says nothing of resources', () => {
  const { linux } = specWith();
  assert.deepEqual([linux.resources, linux.cgroupsPath], [undefined, undefined]);
  assert.deepEqual(specWith({}), specWith());
});

const RESOURCES: Readonly<Record<string, readonly [ContainerLimits, object]>> = {
  'memory brings as much swap': [
    { memory: 64 * MIB },
    { memory: { limit: 64 * MIB, swap: 128 * MIB } },
  ],
  'swap of its own': [
    { memory: 64 * MIB, memorySwap: 64 * MIB },
    { memory: { limit: 64 * MIB, swap: 64 * MIB } },
  ],
  'any swap': [{ memory: 64 * MIB, memorySwap: -1 }, { memory: { limit: 64 * MIB, swap: -1 } }],
  'a swappiness of 0': [{ memorySwappiness: 0 }, { memory: { swappiness: 0 } }],
  'cpus are a quota': [{ cpus: 0.5 }, { cpu: { period: 100_000, quota: 50_000 } }],
  'shares and sets': [
    { cpuShares: 512, cpusetCpus: '0', cpusetMems: '0' },
    { cpu: { shares: 512, cpus: '0', mems: '0' } },
  ],
  'a number of processes': [{ pidsLimit: 7 }, { pids: { limit: 7 } }],
  'any number of processes': [{ pidsLimit: 0 }, { pids: { limit: -1 } }],
  'a weight of disk use': [{ blkioWeight: 10 }, { blockIO: { weight: 10 } }],
};

for (const [name, [limits, resources]] of Object.entries(RESOURCES)) {
  test(`resources: ${name}`, () => assert.deepEqual(specWith(limits).linux.resources, resources));
}

test('what is not a cgroup goes where it belongs', () => {
  const { process, mounts, linux } = specWith({
    oomScoreAdj: 500,
    shmSize: 2 * MIB,
    ulimits: [{ name: 'nofile', soft: 10, hard: -1 }],
  });
  assert.equal(process.oomScoreAdj, 500);
  assert.deepEqual(process.rlimits, [
    { type: 'RLIMIT_NOFILE', soft: 10, hard: 18446744073709551615n },
  ]);
  const shm = mounts.find(({ destination }) => destination === '/dev/shm');
  assert.deepEqual(shm?.options?.slice(-2), ['mode=1777', `size=${2 * MIB}`]);
  assert.equal(linux.resources, undefined);
});

test('only who is limited sees /sys/fs/cgroup', () => {
  const places = (limits: ContainerLimits): readonly string[] =>
    specWith(limits).mounts.map(({ destination }) => destination);
  assert.ok(places({ pidsLimit: 5 }).includes('/sys/fs/cgroup'));
  assert.ok(!places({ oomScoreAdj: 5 }).includes('/sys/fs/cgroup'));
});

test('a group below the parent, of a name that the launcher would collect', () => {
  assert.match(
    specWith({ cgroupParent: '/ci/jobs' }).linux.cgroupsPath ?? '',
    /^\/ci\/jobs\/slipway-[0-9a-f]{16}$/,
  );
});

const cpus = availableParallelism();
const RULES: readonly (readonly [ContainerLimits, string])[] = [
  [{ memory: 5 * MIB }, 'Minimum memory limit allowed is 6MB'],
  [
    { memory: 64 * MIB, memorySwap: 32 * MIB },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    { memorySwap: 32 * MIB },
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  [{ memorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
  [{ memoryReservation: MIB }, 'Minimum memory reservation allowed is 6MB'],
  [
    { memory: 8 * MIB, memoryReservation: 9 * MIB },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  ],
  [
    { cpus: 1, cpuPeriod: 5000 },
    'Conflicting options: Nano CPUs and CPU Period cannot both be set.',
  ],
  [{ cpus: 1, cpuQuota: 5000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set.'],
  [
    { cpus: cpus + 1 },
    `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
  ],
  [
    { cpuPeriod: 10 },
    'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  ],
  [{ cpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  [{ cpusetCpus: 'all' }, 'Invalid value all for cpuset cpus'],
  [{ cpusetMems: '0-' }, 'Invalid value 0- for cpuset mems'],
  [{ blkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
  [{ oomScoreAdj: 1001 }, 'Invalid value 1001, range for oom score adj is [-1000, 1000]'],
];

for (const [limits, message] of RULES) {
  test(`refused: ${message}`, () =>
    assert.throws(() => checkLimits(limits), { code: 'USAGE', message }));
}

test('processors and memory nodes that are not there are refused', () => {
  const online = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();
  assert.throws(() => checkLimits({ cpusetCpus: '0,4000-4001' }), {
    code: 'USAGE',
    message: `Requested CPUs are not available - requested 0,4000-4001, available: ${online}`,
  });
  assert.throws(() => checkLimits({ cpusetMems: '900' }), {
    code: 'USAGE',
    message: /^Requested memory nodes are not available - requested 900, available: /,
  });
  checkLimits({ cpusetCpus: online });
});

test('a disk that is none is refused', () => {
  assert.throws(() => specWith({ deviceReadBps: [{ path: '/dev/null', rate: 1 }] }), {
    code: 'USAGE',
    message: 'could not find device "/dev/null": no such block device',
  });
});
