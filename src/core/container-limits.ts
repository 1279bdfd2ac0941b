/**
 * What a container may use, in docker's terms: the values of the flags of `slipway run` and
 * `slipway build`. Absent: not limited. Sizes are bytes, times microseconds.
 */
import { formatByteSize } from './byte-size.ts';

export interface ContainerLimits {
  readonly memory?: number;
  /** Memory and swap together; -1: any swap. Absent: twice the memory. */
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  /** 0 … 100. */
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  /** -1000 … 1000. */
  readonly oomScoreAdj?: number;
  readonly cpuShares?: number;
  /** Processors, as in 1.5. */
  readonly cpus?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  /** `0-2,4`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** 0 and below: any number. */
  readonly pidsLimit?: number;
  /** 10 … 1000. */
  readonly blkioWeight?: number;
  readonly deviceReadBps?: readonly DeviceLimit[];
  readonly deviceWriteBps?: readonly DeviceLimit[];
  readonly deviceReadIops?: readonly DeviceLimit[];
  readonly deviceWriteIops?: readonly DeviceLimit[];
  /** The cgroup to put the container's below. */
  readonly cgroupParent?: string;
  readonly ulimits?: readonly Ulimit[];
  /** Size of /dev/shm. */
  readonly shmSize?: number;
}

/** A disk of the host and what of it may be used a second. */
export interface DeviceLimit {
  /** `/dev/sda`. */
  readonly path: string;
  readonly rate: number;
}

/** -1: as much as the kernel allows. */
export interface Ulimit {
  /** `nofile` and so on. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** For people: what ended a container, and what helps. */
export function outOfMemory(limit: number): string {
  return `killed: out of memory (limit ${formatByteSize(limit)}); allow more with --memory`;
}
