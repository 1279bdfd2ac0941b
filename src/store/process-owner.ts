/**
 * Who owns a lease or a temporary file: boot id, pid namespace, pid and start time of a process. A
 * crash is the normal case, so "its owner is dead" must be provable: a pid alone is reused, and a pid
 * of another container's namespace cannot be looked up here at all.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** An owner in another pid namespace counts as alive for this long after its last sign of life. */
export const UNSEEN_OWNER_TTL_MS = 24 * 60 * 60 * 1000;

let own: string | undefined;
let boot: string | undefined;

/** `<boot id>.<pid namespace>.<pid>.<start ticks>`, safe in a file name. */
export function currentOwner(): string {
  own ??= [bootId(), pidNamespace(), process.pid, startTicks(process.pid) ?? 0].join('.');
  return own;
}

/** `dead` and `alive` are proven; `unseen` is a process of another pid namespace, or no owner at all. */
export function ownerState(owner: string): 'alive' | 'dead' | 'unseen' {
  const match = /^([0-9a-f-]+)\.(\d+)\.(\d+)\.(\d+)$/.exec(owner);
  if (!match) return 'unseen';
  const [, boot, namespace, pid, ticks] = match;
  if (boot !== bootId()) return 'dead';
  if (namespace !== pidNamespace()) return 'unseen';
  return startTicks(Number(pid)) === Number(ticks) ? 'alive' : 'dead';
}

/** For people; undefined for what is no owner. The number is the one in the owner's own namespace. */
export function pidOfOwner(owner: string): number | undefined {
  const pid = Number(owner.split('.')[2]);
  return Number.isInteger(pid) ? pid : undefined;
}

/** The owner part of a temporary file's name, `<owner>.<random>`. */
export function ownerOfName(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

/** Another one after every start of the machine. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** Field 22 of /proc/<pid>/stat; the command name before it may hold spaces and parentheses. */
function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]);
  } catch {
    return undefined;
  }
}
