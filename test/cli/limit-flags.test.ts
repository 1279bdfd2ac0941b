/** The flags that limit containers: docker's units, and its words for what it does not take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from '#cli/limit-flags.ts';

const MIB = 1024 ** 2;

test('without a flag there are no limits', () => {
  assert.equal(limitsOf({}), undefined);
  assert.equal(
    limitsOf({ ulimit: [], 'oom-kill-disable': false, 'device-read-bps': [] }),
    undefined,
  );
});

test('every flag has its place, with docker’s units', () => {
  assert.deepEqual(
    limitsOf({
      memory: '64m',
      'memory-swap': '1g',
      'memory-reservation': '32M',
      'memory-swappiness': '0',
      'oom-kill-disable': true,
      'oom-score-adj': '-500',
      'cpu-shares': '512',
      cpus: '1.5',
      'cpu-period': '50000',
      'cpu-quota': '-1',
      'cpuset-cpus': '0-1,3',
      'cpuset-mems': '0',
      'pids-limit': '-1',
      'blkio-weight': '300',
      'device-read-bps': ['/dev/sda:1mb'],
      'device-write-bps': ['/dev/sda:2kb', '/dev/sdb:10'],
      'device-read-iops': ['/dev/sda:100'],
      'device-write-iops': ['/dev/sda:200'],
      'cgroup-parent': '/slipway',
      ulimit: ['nofile=1024:2048', 'core=-1'],
      'shm-size': '128m',
    }),
    {
      memory: 64 * MIB,
      memorySwap: 1024 * MIB,
      memoryReservation: 32 * MIB,
      memorySwappiness: 0,
      oomKillDisable: true,
      oomScoreAdj: -500,
      cpuShares: 512,
      cpus: 1.5,
      cpuPeriod: 50_000,
      cpuQuota: -1,
      cpusetCpus: '0-1,3',
      cpusetMems: '0',
      pidsLimit: -1,
      blkioWeight: 300,
      deviceReadBps: [{ path: '/dev/sda', rate: MIB }],
      deviceWriteBps: [
        { path: '/dev/sda', rate: 2048 },
        { path: '/dev/sdb', rate: 10 },
      ],
      deviceReadIops: [{ path: '/dev/sda', rate: 100 }],
      deviceWriteIops: [{ path: '/dev/sda', rate: 200 }],
      cgroupParent: '/slipway',
      ulimits: [
        { name: 'nofile', soft: 1024, hard: 2048 },
        { name: 'core', soft: -1, hard: -1 },
      ],
      shmSize: 128 * MIB,
    },
  );
});

test('a memory-swap of -1 is any swap', () => {
  assert.deepEqual(limitsOf({ 'memory-swap': '-1' }), { memorySwap: -1 });
});

const REFUSED: readonly (readonly [Parameters<typeof limitsOf>[0], string])[] = [
  [{ memory: 'much' }, `invalid argument "much" for "-m, --memory" flag: invalid size: 'much'`],
  [{ memory: '-1' }, `invalid argument "-1" for "-m, --memory" flag: invalid size: '-1'`],
  [
    { 'cpu-shares': '1.5' },
    'invalid argument "1.5" for "-c, --cpu-shares" flag: strconv.ParseInt: parsing "1.5": invalid syntax',
  ],
  [
    { cpus: 'two' },
    'invalid argument "two" for "--cpus" flag: failed to parse two as a rational number',
  ],
  [
    { cpus: '0.0123456789' },
    'invalid argument "0.0123456789" for "--cpus" flag: value is too precise',
  ],
  [
    { 'device-read-bps': ['/dev/sda'] },
    'invalid argument "/dev/sda" for "--device-read-bps" flag: bad format: /dev/sda',
  ],
  [
    { 'device-read-bps': ['sda:1mb'] },
    'invalid argument "sda:1mb" for "--device-read-bps" flag: bad format for device path: sda:1mb',
  ],
];

for (const [flags, message] of REFUSED) {
  test(`refused: ${message}`, () =>
    assert.throws(() => limitsOf(flags), { code: 'USAGE', message }));
}

test('a rate that is no number is refused with the format', () => {
  assert.throws(() => limitsOf({ 'device-write-iops': ['/dev/sda:1mb'] }), {
    code: 'USAGE',
    message:
      /invalid rate for device: \/dev\/sda:1mb\. The correct format is <device-path>:<number>\./,
  });
});
