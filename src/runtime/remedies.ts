/** Why user namespaces are forbidden on a machine, and the exact line that allows them. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** The kernel's switches; undefined where this kernel has none. */
export interface Switches {
  /** user.max_user_namespaces */
  readonly maxUserNamespaces: number | undefined;
  /** kernel.unprivileged_userns_clone, of Debian's kernels */
  readonly unprivilegedClone: number | undefined;
  /** kernel.apparmor_restrict_unprivileged_userns, of Ubuntu's */
  readonly apparmorRestricts: number | undefined;
}

export function readSwitches(): Switches {
  return {
    maxUserNamespaces: numberIn('/proc/sys/user/max_user_namespaces'),
    unprivilegedClone: numberIn('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: numberIn('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
  };
}

/** What to do about a user namespace that failed with this errno. Pure. */
export function userNamespaceRemedy(errno: number, switches: Switches): string {
  if (errno === constants.errno.ENOSPC || switches.maxUserNamespaces === 0) {
    return 'allow user namespaces, as root: sysctl -w user.max_user_namespaces=28633';
  }
  if (switches.unprivilegedClone === 0) {
    return 'allow user namespaces, as root: sysctl -w kernel.unprivileged_userns_clone=1';
  }
  if (switches.apparmorRestricts === 1) {
    return 'allow user namespaces, as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0';
  }
  return 'the container around us forbids user namespaces; start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined (in a pod: securityContext.seccompProfile.type: Unconfined, procMount: Unmasked)';
}

function numberIn(path: string): number | undefined {
  try {
    const number = Number.parseInt(readFileSync(path, 'latin1'), 10);
    return Number.isNaN(number) ? undefined : number;
  } catch {
    return undefined;
  }
}
