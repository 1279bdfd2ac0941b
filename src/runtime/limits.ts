/**
 * A container's limits as parts of its RuntimeSpec, with docker's rules for values and for what goes
 * together.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { BYTES_PER_MIB } from '#core/byte-size.ts';
import type { ContainerLimits, DeviceLimit, Ulimit } from '#core/container-limits.ts';
import { SlipwayError } from '#core/errors.ts';
import type {
  DeviceRate,
  MountSpec,
  ResourcesSpec,
  RlimitSpec,
  RuntimeSpec,
} from '#core/runtime-spec.ts';

/** Programs read their limits there (JVMs, Go): docker shows it always, here it costs only the limited. */
const CGROUP_MOUNT: MountSpec = {
  destination: '/sys/fs/cgroup',
  type: 'cgroup',
  source: 'cgroup',
  options: ['nosuid', 'noexec', 'nodev', 'ro'],
};

const MEMORY_MIN = 6 * BYTES_PER_MIB;
/** The period that `cpus` is a share of. */
const CPU_PERIOD = 100_000;
const RLIM_INFINITY = 2n ** 64n - 1n;

/** @throws USAGE in docker's words */
export function checkLimits(limits: ContainerLimits): void {
  checkMemory(limits);
  checkCpu(limits);
  checkRest(limits);
}

/** The spec of a container that may use so much. @throws as checkLimits; USAGE for a disk that is none */
export function withLimits(spec: RuntimeSpec, limits: ContainerLimits): RuntimeSpec {
  checkLimits(limits);
  const { oomScoreAdj, cgroupParent, ulimits, shmSize } = limits;
  const resources = resourcesOf(limits);
  const isLimited = Object.keys(resources).length > 0;
  return {
    ...spec,
    process: {
      ...spec.process,
      ...(oomScoreAdj ? { oomScoreAdj } : {}),
      ...(ulimits?.length ? { rlimits: ulimits.map(rlimitOf) } : {}),
    },
    mounts: [
      ...(shmSize ? spec.mounts.map((mount) => withShmSize(mount, shmSize)) : spec.mounts),
      ...(isLimited ? [CGROUP_MOUNT] : []),
    ],
    linux: {
      ...spec.linux,
      ...(isLimited ? { resources } : {}),
      ...(cgroupParent ? { cgroupsPath: groupBelow(cgroupParent) } : {}),
    },
  };
}

function withShmSize(mount: MountSpec, shmSize: number): MountSpec {
  if (mount.destination !== '/dev/shm') return mount;
  const options = (mount.options ?? []).filter((option) => !option.startsWith('size='));
  return { ...mount, options: [...options, `size=${shmSize}`] };
}

/** The name is of the form that the launcher makes up, so that it collects left-over ones as well. */
function groupBelow(parent: string): string {
  return posix.join(parent, `slipway-${randomBytes(8).toString('hex')}`);
}

function rlimitOf(limit: Ulimit): RlimitSpec {
  const number = (value: number): number | bigint => (value === -1 ? RLIM_INFINITY : value);
  const { name, soft, hard } = limit;
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: number(soft), hard: number(hard) };
}

// ---- the specification's members ------------------------------------------------------------

function resourcesOf(limits: ContainerLimits): ResourcesSpec {
  const { pidsLimit } = limits;
  const parts = {
    memory: memoryOf(limits),
    cpu: cpuOf(limits),
    pids: pidsLimit === undefined ? {} : { limit: pidsLimit > 0 ? pidsLimit : -1 },
    blockIO: blockOf(limits),
  };
  return Object.fromEntries(
    Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0),
  );
}

/** As much swap as memory, unless said otherwise. */
function memoryOf(limits: ContainerLimits): NonNullable<ResourcesSpec['memory']> {
  const { memory, memorySwap, memoryReservation, memorySwappiness, oomKillDisable } = limits;
  const swap = memorySwap || (memory ? 2 * memory : undefined);
  return {
    ...(memory ? { limit: memory } : {}),
    ...(swap ? { swap } : {}),
    ...(memoryReservation ? { reservation: memoryReservation } : {}),
    ...(memorySwappiness === undefined || memorySwappiness === -1
      ? {}
      : { swappiness: memorySwappiness }),
    ...(oomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function cpuOf(limits: ContainerLimits): NonNullable<ResourcesSpec['cpu']> {
  const { cpus, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = limits;
  return {
    ...(cpuShares ? { shares: cpuShares } : {}),
    ...(cpuPeriod ? { period: cpuPeriod } : {}),
    ...(cpuQuota ? { quota: cpuQuota } : {}),
    ...(cpus ? { period: CPU_PERIOD, quota: Math.floor(cpus * CPU_PERIOD) } : {}),
    ...(cpusetCpus ? { cpus: cpusetCpus } : {}),
    ...(cpusetMems ? { mems: cpusetMems } : {}),
  };
}

function blockOf(limits: ContainerLimits): NonNullable<ResourcesSpec['blockIO']> {
  const { blkioWeight, deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops } = limits;
  return {
    ...(blkioWeight ? { weight: blkioWeight } : {}),
    ...(deviceReadBps ? { throttleReadBpsDevice: deviceReadBps.map(deviceRate) } : {}),
    ...(deviceWriteBps ? { throttleWriteBpsDevice: deviceWriteBps.map(deviceRate) } : {}),
    ...(deviceReadIops ? { throttleReadIOPSDevice: deviceReadIops.map(deviceRate) } : {}),
    ...(deviceWriteIops ? { throttleWriteIOPSDevice: deviceWriteIops.map(deviceRate) } : {}),
  };
}

function deviceRate({ path, rate }: DeviceLimit): DeviceRate {
  const { major, minor } = deviceNumbers(path);
  return { major, minor, rate };
}

function deviceNumbers(path: string): { readonly major: number; readonly minor: number } {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (!facts?.isBlockDevice()) {
    throw new SlipwayError('USAGE', `could not find device "${path}": no such block device`, {
      hint: 'name a disk of this machine: lsblk -p lists them',
      detail: { path },
    });
  }
  // glibc's gnu_dev_major and gnu_dev_minor, for numbers that fit in 32 bits.
  const { rdev } = facts;
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

// ---- docker's rules ---------------------------------------------------------------------------

type Rule = readonly [isBroken: boolean, message: string];

function refuse(rules: readonly Rule[]): void {
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken) throw new SlipwayError('USAGE', broken[1]);
}

function checkMemory(limits: ContainerLimits): void {
  const { memory = 0, memorySwap = 0, memoryReservation = 0, memorySwappiness = -1 } = limits;
  refuse([
    [memory !== 0 && memory < MEMORY_MIN, 'Minimum memory limit allowed is 6MB'],
    [
      memory > 0 && memorySwap > 0 && memorySwap < memory,
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [
      memory === 0 && memorySwap > 0,
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    ],
    [
      memorySwappiness < -1 || memorySwappiness > 100,
      `Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`,
    ],
    [
      memoryReservation !== 0 && memoryReservation < MEMORY_MIN,
      'Minimum memory reservation allowed is 6MB',
    ],
    [
      memory > 0 && memoryReservation > 0 && memory < memoryReservation,
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
  ]);
}

function checkCpu(limits: ContainerLimits): void {
  const { cpus = 0, cpuPeriod = 0, cpuQuota = 0, cpuShares = 0 } = limits;
  const available = availableParallelism();
  refuse([
    [
      cpus > 0 && cpuPeriod > 0,
      'Conflicting options: Nano CPUs and CPU Period cannot both be set.',
    ],
    [cpus > 0 && cpuQuota > 0, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set.'],
    [
      cpus !== 0 && (cpus < 0.01 || cpus > available),
      `range of CPUs is from 0.01 to ${available}.00, as there are only ${available} CPUs available`,
    ],
    [
      cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000),
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    ],
    [cpuQuota > 0 && cpuQuota < 1000, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    [cpuShares < 0, `invalid CPU shares (${cpuShares}): value must be a positive integer`],
    ...cpusetRules(limits),
  ]);
}

const CPUSET = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

const CPUSETS = [
  { field: 'cpusetCpus', what: 'cpus', name: 'CPUs', online: 'cpu' },
  { field: 'cpusetMems', what: 'mems', name: 'memory nodes', online: 'node' },
] as const;

function cpusetRules(limits: ContainerLimits): readonly Rule[] {
  return CPUSETS.flatMap(({ field, what, name, online }): readonly Rule[] => {
    const set = limits[field] ?? '';
    if (set === '') return [];
    if (!CPUSET.test(set)) return [[true, `Invalid value ${set} for cpuset ${what}`]];
    const available = onlineSet(online);
    const isMissing = available !== undefined && !isWithin(set, available);
    const asked = `requested ${set}, available: ${available}`;
    return [[isMissing, `Requested ${name} are not available - ${asked}`]];
  });
}

/** What the machine has, as in `0-3`; undefined where the kernel does not say. */
function onlineSet(kind: 'cpu' | 'node'): string | undefined {
  try {
    return readFileSync(`/sys/devices/system/${kind}/online`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Every range of the one lies in a range of the other, which has them in order and joined. */
function isWithin(set: string, available: string): boolean {
  const has = rangesOf(available);
  return rangesOf(set).every(([from, to]) => has.some(([min, max]) => min <= from && to <= max));
}

function rangesOf(set: string): readonly (readonly [from: number, to: number])[] {
  return set.split(',').map((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number);
    return [from, to];
  });
}

function checkRest(limits: ContainerLimits): void {
  const { blkioWeight = 0, oomScoreAdj = 0, shmSize = 0, cgroupParent = '' } = limits;
  refuse([
    [
      blkioWeight !== 0 && (blkioWeight < 10 || blkioWeight > 1000),
      'Range of blkio weight is from 10 to 1000',
    ],
    [
      oomScoreAdj < -1000 || oomScoreAdj > 1000,
      `Invalid value ${oomScoreAdj}, range for oom score adj is [-1000, 1000]`,
    ],
    [shmSize < 0, 'SHM size can not be less than 0'],
    [cgroupParent.split('/').includes('..'), `cgroup-parent must be a path without ..`],
  ]);
}
