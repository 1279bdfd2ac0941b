/** What `ContainerSecurity` means for a container's spec. */
import { release } from 'node:os';
import type { ContainerSecurity } from '#core/container-security.ts';
import { parseSeccompFile } from './seccomp-file.ts';
import { type ContainerSpecOptions, DEFAULT_CAPABILITIES } from './spec.ts';

type SecuritySpec = Pick<
  ContainerSpecOptions,
  'seccomp' | 'noNewPrivileges' | 'systemPaths' | 'apparmor'
>;

/** @throws SECCOMP_PROFILE_INVALID */
export function securitySpec(security: ContainerSecurity): SecuritySpec {
  const { seccomp, noNewPrivileges, systemPaths, apparmor } = security;
  return {
    ...(seccomp === undefined ? {} : { seccomp: filter(seccomp) }),
    ...(noNewPrivileges ? { noNewPrivileges } : {}),
    ...(systemPaths ? { systemPaths } : {}),
    ...(apparmor === undefined || apparmor === 'unconfined' ? {} : { apparmor }),
  };
}

function filter(
  seccomp: NonNullable<ContainerSecurity['seccomp']>,
): NonNullable<SecuritySpec['seccomp']> {
  if (seccomp === 'unconfined') return seccomp;
  const { profile, from } = seccomp;
  const architecture = process.arch;
  const capabilities = DEFAULT_CAPABILITIES;
  return parseSeccompFile(profile, { from, architecture, release: release(), capabilities });
}
