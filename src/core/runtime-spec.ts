/**
 * The part of the OCI runtime specification (config.md, config-linux.md) that Slipway writes. Field
 * names are the specification's. The launcher refuses every field it does not implement.
 */

export interface RuntimeSpec {
  /** The oldest that has every field: runtimes refuse versions newer than themselves. */
  readonly ociVersion: '1.0.2';
  readonly process: ProcessSpec;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts: readonly MountSpec[];
  readonly linux: LinuxSpec;
}

export interface ProcessSpec {
  readonly terminal?: boolean;
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask?: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities?: CapabilitySets;
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly oomScoreAdj?: number;
  readonly rlimits?: readonly RlimitSpec[];
}

/** config.md §POSIX process. */
export interface RlimitSpec {
  /** `RLIMIT_NOFILE` and so on. */
  readonly type: string;
  /** No limit is 2n ** 64n - 1n, which only a bigint can say. */
  readonly soft: number | bigint;
  readonly hard: number | bigint;
}

/** Names such as `CAP_CHOWN`. */
export interface CapabilitySets {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly ambient: readonly string[];
}

export interface MountSpec {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export type NamespaceType =
  | 'pid'
  | 'network'
  | 'mount'
  | 'ipc'
  | 'uts'
  | 'user'
  | 'cgroup'
  | 'time';

/** A range of ids, config-linux.md §User namespace mappings. */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface LinuxSpec {
  readonly namespaces: readonly { readonly type: NamespaceType; readonly path?: string }[];
  /** Both with a new user namespace, and only then. */
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  /** With a new time namespace. */
  readonly timeOffsets?: {
    readonly monotonic?: { readonly secs?: number; readonly nanosecs?: number };
    readonly boottime?: { readonly secs?: number; readonly nanosecs?: number };
  };
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly seccomp?: SeccompSpec;
  /** Besides the default ones. */
  readonly devices?: readonly DeviceSpec[];
  readonly resources?: ResourcesSpec;
  /** Absolute: from the root of each cgroup hierarchy. Else below the launcher's own group. */
  readonly cgroupsPath?: string;
  readonly rootfsPropagation?: Propagation;
}

/** config-linux.md §Devices. */
export interface DeviceSpec {
  readonly path: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

export type Propagation =
  | 'private'
  | 'rprivate'
  | 'slave'
  | 'rslave'
  | 'shared'
  | 'rshared'
  | 'unbindable'
  | 'runbindable';

/** config-linux.md §Control groups. Bytes, microseconds; -1 is no limit. */
export interface ResourcesSpec {
  readonly memory?: {
    readonly limit?: number;
    readonly reservation?: number;
    /** Memory and swap together. */
    readonly swap?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  readonly blockIO?: {
    readonly weight?: number;
    readonly throttleReadBpsDevice?: readonly DeviceRate[];
    readonly throttleWriteBpsDevice?: readonly DeviceRate[];
    readonly throttleReadIOPSDevice?: readonly DeviceRate[];
    readonly throttleWriteIOPSDevice?: readonly DeviceRate[];
  };
  /** `2MB` and so on. */
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** The last rule that matches decides. */
  readonly devices?: readonly DeviceRule[];
}

export interface DeviceRate {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  /** Of the letters r, w and m. */
  readonly access?: string;
}

/** config-linux.md §Seccomp. */
export interface SeccompSpec {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  /** `SCMP_ARCH_X86_64` …; the machine's own needs no mention. */
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly {
    readonly names: readonly string[];
    readonly action: SeccompAction;
    readonly errnoRet?: number;
    readonly args?: readonly {
      readonly index: number;
      readonly value: number;
      readonly valueTwo?: number;
      readonly op:
        | 'SCMP_CMP_NE'
        | 'SCMP_CMP_LT'
        | 'SCMP_CMP_LE'
        | 'SCMP_CMP_EQ'
        | 'SCMP_CMP_GE'
        | 'SCMP_CMP_GT'
        | 'SCMP_CMP_MASKED_EQ';
    }[];
  }[];
}

export type SeccompAction =
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_LOG';

/**
 * What the root of a container consists of, before anything is mounted: `rootfs.json` beside
 * `config.json` in a bundle. Our launcher mounts it onto `root.path` inside the container's mount
 * namespace, so nothing is ever mounted on the host. Absent: `root.path` is a ready folder.
 */
export interface RootfsSpec {
  /** Top first, as overlay's lowerdir; with no `upper`, there is exactly one and it is read-only. */
  readonly lowers: readonly RootfsLower[];
  readonly overlay?: {
    readonly upper: string;
    readonly work: string;
    /** `userxattr`: needed in a user namespace. */
    readonly userXattr: boolean;
    /** Never syncs the upper: for one that is packed or thrown away. `work` is used up by it. */
    readonly volatile?: boolean;
  };
}

export type RootfsLower =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'erofs';
      /** The metadata image. */
      readonly image: string;
      /** The tars, in device order. */
      readonly devices: readonly string[];
      /**
       * How the kernel accepts image and tars: as files, with the image copied to a private ramfs, or
       * as loop devices, which are gone with the mount.
       */
      readonly backing: 'file' | 'ramfs' | 'loop';
    };
