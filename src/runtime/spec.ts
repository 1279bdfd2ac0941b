/**
 * docker's default container as a RuntimeSpec (runtime-spec config.md): capabilities, mounts, masked
 * and read-only paths, namespaces. What it returns goes into config.json as it is. Pure, but for the
 * numbers of disks that limits name.
 */
import type { ContainerLimits } from '#core/container-limits.ts';
import type { NetworkMode } from '#core/container-network.ts';
import type {
  CapabilitySets,
  MountSpec,
  NamespaceType,
  RuntimeSpec,
  SeccompSpec,
} from '#core/runtime-spec.ts';
import { withLimits } from './limits.ts';
import type { Privileges } from './privileges.ts';
import { DEFAULT_SECCOMP } from './seccomp-profile.ts';

export interface ContainerSpecOptions {
  /** The program first; looked up in the container's PATH when it has no slash. */
  readonly args: readonly string[];
  /** `NAME=value`; used as it is, nothing is added. */
  readonly env: readonly string[];
  /** Absolute; must exist in the root. */
  readonly cwd: string;
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly additionalGids?: readonly number[];
  };
  readonly hostname: string;
  readonly network: NetworkMode;
  /** The namespace to join, of a network that has been opened (network.ts). */
  readonly networkPath?: string;
  /** Mounted after the default ones, in this order. */
  readonly mounts?: readonly MountSpec[];
  /** The root is mounted read-only; mounts keep their own options. */
  readonly readonlyRoot?: boolean;
  readonly noNewPrivileges?: boolean;
  /** Absent: docker's default filter. `unconfined`: none. */
  readonly seccomp?: SeccompSpec | 'unconfined';
  /** Nothing of /proc and /sys is hidden or read-only. */
  readonly systemPaths?: 'unconfined';
  /** A profile of AppArmor. */
  readonly apparmor?: string;
  /** Nearly no bounds: no filter, nothing hidden, these rights and devices. */
  readonly privileges?: Privileges;
  /** What it may use; absent: what there is. */
  readonly limits?: ContainerLimits;
  /** Asks for a pseudoterminal of the container's own. */
  readonly terminal?: boolean;
}

/** docker's 14 capabilities; as a mask 0xa80425fb. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** docker's, in the order they are mounted. `nodev` is the launcher's default for what can hold nodes. */
const DEFAULT_MOUNTS: readonly MountSpec[] = [
  {
    destination: '/proc',
    type: 'proc',
    source: 'proc',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
];

/** The same with a /sys that can be written to. */
const PRIVILEGED_MOUNTS = DEFAULT_MOUNTS.map((mount) =>
  mount.type === 'sysfs' ? { ...mount, options: ['nosuid', 'noexec', 'nodev'] } : mount,
);

/** Hidden: what tells about, or acts on, the machine rather than the container. */
const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** Visible, but not to be written. */
const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

const NAMESPACES: readonly NamespaceType[] = ['pid', 'mount', 'uts', 'ipc', 'cgroup'];

/** The container that docker would make of these options. */
export function containerSpec(options: ContainerSpecOptions): RuntimeSpec {
  const { privileges } = options;
  const isOpen = options.systemPaths !== undefined || privileges !== undefined;
  const spec: RuntimeSpec = {
    ociVersion: '1.0.2',
    process: processSpec(options),
    // Beside config.json; writeBundle makes the folder, the launcher mounts the root onto it.
    root: { path: 'rootfs', ...(options.readonlyRoot ? { readonly: true } : {}) },
    hostname: options.hostname,
    mounts: [...(privileges ? PRIVILEGED_MOUNTS : DEFAULT_MOUNTS), ...(options.mounts ?? [])],
    linux: {
      namespaces: namespaces(options),
      maskedPaths: isOpen ? [] : MASKED_PATHS,
      readonlyPaths: isOpen ? [] : READONLY_PATHS,
      ...(privileges ? { devices: privileges.devices } : {}),
      ...seccomp(options.seccomp ?? (privileges ? 'unconfined' : DEFAULT_SECCOMP)),
    },
  };
  return options.limits ? withLimits(spec, options.limits) : spec;
}

function processSpec(options: ContainerSpecOptions): RuntimeSpec['process'] {
  const { uid, gid, additionalGids } = options.user;
  return {
    ...(options.terminal ? { terminal: true } : {}),
    user: { uid, gid, ...(additionalGids?.length ? { additionalGids } : {}) },
    args: options.args,
    env: options.env,
    cwd: options.cwd,
    capabilities: capabilities(options.privileges?.capabilities ?? DEFAULT_CAPABILITIES),
    ...(options.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(options.apparmor ? { apparmorProfile: options.apparmor } : {}),
  };
}

function seccomp(filter: SeccompSpec | 'unconfined'): { readonly seccomp?: SeccompSpec } {
  return filter === 'unconfined' ? {} : { seccomp: filter };
}

/** Inheritable and ambient stay empty: a user other than root gets none by executing. */
function capabilities(names: readonly string[]): CapabilitySets {
  return { bounding: names, effective: names, permitted: names, inheritable: [], ambient: [] };
}

function namespaces({
  network,
  networkPath,
}: ContainerSpecOptions): RuntimeSpec['linux']['namespaces'] {
  const own = NAMESPACES.map((type) => ({ type }));
  if (network === 'host') return own;
  return [...own, { type: 'network', ...(networkPath ? { path: networkPath } : {}) }];
}
