/** Who logs in to a registry, and what became of it. */

export interface RegistryLogin {
  /** `host[:port]`; `docker.io` is Docker Hub. */
  readonly registry: string;
  /** Absent: those that are stored are tried, and nothing is written. */
  readonly user?: { readonly name: string; readonly password: string };
}

export interface LoginResult {
  /** Whom the registry took us for; absent for tokens. */
  readonly user?: string;
  /** The file or helper that has them now; absent: nothing was written. */
  readonly stored?: { readonly place: string; readonly isEncrypted: boolean };
}
