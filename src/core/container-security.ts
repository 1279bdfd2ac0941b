/** How far a container is kept from the host, where that differs from the default. */

export interface ContainerSecurity {
  /** The text of a profile, docker's or the runtime specification's; `unconfined`: no filter. */
  readonly seccomp?: { readonly profile: string; readonly from: string } | 'unconfined';
  /** Nothing that is executed gains rights: setuid programs do not. */
  readonly noNewPrivileges?: boolean;
  /** Nothing of /proc and /sys is hidden or read-only. */
  readonly systemPaths?: 'unconfined';
  /** A profile of AppArmor; `unconfined`: none. */
  readonly apparmor?: string;
}
