/**
 * Flags that limit containers, shared by `run` and `build`: docker's names, units and messages. The
 * values are read here; whether they make sense together is checked where they are used
 * (runtime/limits.ts), for callers of the library as well.
 */
import { parseByteSize } from '#core/byte-size.ts';
import type { ContainerLimits, DeviceLimit } from '#core/container-limits.ts';
import { SlipwayError } from '#core/errors.ts';
import { type FlagValues, list, text, toggle } from './flags.ts';
import { parseUlimit } from './ulimit.ts';

/** Those that `build` has as well: for the container of each RUN. */
export const LIMIT_FLAGS = {
  'cgroup-parent': text({ description: 'Put the cgroup below this one', helpValue: 'path' }),
  'cpu-period': text({ description: 'Period of the CPU quota in µs', helpValue: 'number' }),
  'cpu-quota': text({ description: 'CPU time in a period, in µs', helpValue: 'number' }),
  'cpu-shares': text({
    char: 'c',
    description: 'Weight of CPU use, beside others (usually 1024)',
    helpValue: 'number',
  }),
  'cpuset-cpus': text({ description: 'Processors to run on: 0-3, 0,1', helpValue: 'list' }),
  'cpuset-mems': text({ description: 'Memory nodes to use: 0-3, 0,1', helpValue: 'list' }),
  memory: text({ char: 'm', description: 'Memory limit: 512m, 2g', helpValue: 'bytes' }),
  'memory-swap': text({
    description: 'Limit of memory and swap together, -1 for any swap (twice the memory)',
    helpValue: 'bytes',
  }),
  'shm-size': text({ description: 'Size of /dev/shm (64m)', helpValue: 'bytes' }),
  ulimit: list({ description: 'Limit of a process: nofile=1024:2048', helpValue: 'name=soft' }),
} as const;

export const RUN_LIMIT_FLAGS = {
  ...LIMIT_FLAGS,
  'blkio-weight': text({ description: 'Weight of disk use, 10 to 1000', helpValue: 'number' }),
  cpus: text({ description: 'Number of CPUs: 1.5', helpValue: 'number' }),
  'device-read-bps': list({
    description: 'Bytes a second to read: /dev/sda:1mb',
    helpValue: 'device:rate',
  }),
  'device-read-iops': list({
    description: 'Reads a second: /dev/sda:1000',
    helpValue: 'device:rate',
  }),
  'device-write-bps': list({
    description: 'Bytes a second to write: /dev/sda:1mb',
    helpValue: 'device:rate',
  }),
  'device-write-iops': list({
    description: 'Writes a second: /dev/sda:1000',
    helpValue: 'device:rate',
  }),
  'memory-reservation': text({
    description: 'What memory shrinks to when the host is short of it',
    helpValue: 'bytes',
  }),
  'memory-swappiness': text({ description: 'How gladly to swap, 0 to 100', helpValue: 'number' }),
  'oom-kill-disable': toggle({ description: 'Wait instead of killing at the memory limit' }),
  'oom-score-adj': text({
    description: 'Who is killed first when the host is out of memory, -1000 to 1000',
    helpValue: 'number',
  }),
  'pids-limit': text({ description: 'Number of processes, -1 for any', helpValue: 'number' }),
} as const;

type Values = Partial<FlagValues<typeof RUN_LIMIT_FLAGS>>;

/** The limits that the flags ask for; undefined without any. @throws USAGE */
export function limitsOf(flags: Values): ContainerLimits | undefined {
  const limits: ContainerLimits = {
    ...sizes(flags),
    ...numbers(flags),
    ...rates(flags),
    ...(flags['cpuset-cpus'] ? { cpusetCpus: flags['cpuset-cpus'] } : {}),
    ...(flags['cpuset-mems'] ? { cpusetMems: flags['cpuset-mems'] } : {}),
    ...(flags['cgroup-parent'] ? { cgroupParent: flags['cgroup-parent'] } : {}),
    ...(flags['oom-kill-disable'] ? { oomKillDisable: true } : {}),
    ...(flags.ulimit?.length ? { ulimits: flags.ulimit.map(parseUlimit) } : {}),
  };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

const SIZES = [
  ['memory', 'memory', '-m, --memory'],
  ['memory-swap', 'memorySwap', '--memory-swap'],
  ['memory-reservation', 'memoryReservation', '--memory-reservation'],
  ['shm-size', 'shmSize', '--shm-size'],
] as const;

function sizes(flags: Values): ContainerLimits {
  const found = SIZES.flatMap(([name, field, flag]) => {
    const value = flags[name];
    if (value === undefined) return [];
    if (field === 'memorySwap' && value === '-1') return [[field, -1]];
    return [[field, parseByteSize(value, { flag })]];
  });
  return Object.fromEntries(found);
}

const NUMBERS = [
  ['blkio-weight', 'blkioWeight', '--blkio-weight'],
  ['cpu-period', 'cpuPeriod', '--cpu-period'],
  ['cpu-quota', 'cpuQuota', '--cpu-quota'],
  ['cpu-shares', 'cpuShares', '-c, --cpu-shares'],
  ['memory-swappiness', 'memorySwappiness', '--memory-swappiness'],
  ['oom-score-adj', 'oomScoreAdj', '--oom-score-adj'],
  ['pids-limit', 'pidsLimit', '--pids-limit'],
] as const;

function numbers(flags: Values): ContainerLimits {
  const found = NUMBERS.flatMap(([name, field, flag]) => {
    const value = flags[name];
    return value === undefined ? [] : [[field, wholeNumber(value, flag)]];
  });
  return {
    ...Object.fromEntries(found),
    ...(flags.cpus === undefined ? {} : { cpus: processors(flags.cpus) }),
  };
}

function wholeNumber(value: string, flag: string): number {
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw invalid(value, flag, `strconv.ParseInt: parsing "${value}": invalid syntax`);
}

/** Nine decimals are as fine as docker counts. */
function processors(value: string): number {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(value)) {
    throw invalid(value, '--cpus', `failed to parse ${value} as a rational number`);
  }
  if (/\.\d{9}\d*[1-9]/.test(value)) throw invalid(value, '--cpus', 'value is too precise');
  return Number(value);
}

const RATES = [
  ['device-read-bps', 'deviceReadBps', true],
  ['device-write-bps', 'deviceWriteBps', true],
  ['device-read-iops', 'deviceReadIops', false],
  ['device-write-iops', 'deviceWriteIops', false],
] as const;

function rates(flags: Values): ContainerLimits {
  const found = RATES.flatMap(([name, field, isBytes]) => {
    const values = flags[name] ?? [];
    if (values.length === 0) return [];
    return [[field, values.map((value) => deviceLimit(value, `--${name}`, isBytes))]];
  });
  return Object.fromEntries(found);
}

function deviceLimit(value: string, flag: string, isBytes: boolean): DeviceLimit {
  const [path = '', rate = '', ...more] = value.split(':');
  if (rate === '' || more.length > 0) throw invalid(value, flag, `bad format: ${value}`);
  if (!path.startsWith('/dev/')) throw invalid(value, flag, `bad format for device path: ${value}`);
  const number = isBytes ? byteRate(rate, flag) : Number(/^\d+$/.test(rate) ? rate : Number.NaN);
  if (Number.isSafeInteger(number)) return { path, rate: number };
  const unit = isBytes
    ? '<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb'
    : '<device-path>:<number>. Number must be a positive integer';
  throw invalid(value, flag, `invalid rate for device: ${value}. The correct format is ${unit}`);
}

function byteRate(rate: string, flag: string): number {
  try {
    return parseByteSize(rate, { flag });
  } catch {
    return Number.NaN;
  }
}

function invalid(value: string, flag: string, reason: string): SlipwayError {
  return new SlipwayError('USAGE', `invalid argument "${value}" for "${flag}" flag: ${reason}`);
}
