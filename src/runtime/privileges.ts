/**
 * What docker's privileged containers have: every capability that we have ourselves, the host's
 * devices, a /sys that can be written to, nothing of /proc hidden, no filter. Read from this machine.
 */
import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { DeviceSpec } from '#core/runtime-spec.ts';

export interface Privileges {
  /** Names such as `CAP_SYS_ADMIN`. */
  readonly capabilities: readonly string[];
  readonly devices: readonly DeviceSpec[];
}

/** By number (linux/capability.h). */
const CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'],
  ...['SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW'],
  ...['IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT'],
  ...['SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD'],
  ...['LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG'],
  ...['WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
].map((name) => `CAP_${name}`);

/** Of this process and this machine's /dev. */
export function hostPrivileges(): Privileges {
  return {
    capabilities: capabilitiesIn(readFileSync('/proc/self/status', 'utf8')),
    devices: devicesIn('/dev'),
  };
}

/** The names in `CapBnd` of a process's status: no more can be given on. */
export function capabilitiesIn(status: string): readonly string[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return CAPABILITIES.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

/** Made anew in every container, by us or by mounts of its own. */
const OWN = new Set(['console', 'pts', 'shm', 'mqueue', 'fd', 'stdin', 'stdout', 'stderr', 'ptmx']);
const DEFAULT = new Set(['null', 'zero', 'full', 'random', 'urandom', 'tty']);

/** Character and block devices below a folder, with the host's modes and owners. */
export function devicesIn(folder: string): readonly DeviceSpec[] {
  return readdirSync(folder)
    .filter((name) => !OWN.has(name) && !DEFAULT.has(name))
    .flatMap((name): readonly DeviceSpec[] => {
      const path = join(folder, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory()) return devicesIn(path);
      return stats && (stats.isCharacterDevice() || stats.isBlockDevice())
        ? [deviceOf(path, stats)]
        : [];
    });
}

function deviceOf(path: string, stats: Stats): DeviceSpec {
  const { mode, uid, gid, rdev } = stats;
  return {
    path,
    type: stats.isBlockDevice() ? 'b' : 'c',
    major: (rdev >> 8) & 0xfff,
    minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00),
    fileMode: mode & 0o7777,
    uid,
    gid,
  };
}
