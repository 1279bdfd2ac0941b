/** How a repository is reached, each fact with what said so: the outcome of resolve.ts. */
import type { Fact } from '#core/registry-settings.ts';
import type { Endpoint } from '../endpoint.ts';
import type { ClientCertificate } from './entry.ts';

/** When plain HTTP is spoken. */
export type PlainHttp = 'never' | 'after-tls' | 'before-tls' | 'always';

export interface HostPlan {
  readonly role: 'mirror' | 'registry';
  /** What says that it is asked. */
  readonly origin: string;
  /** `host[:port]`, for credentials. */
  readonly registry: string;
  readonly repository: string;
  /** In the order they are tried. */
  readonly endpoints: readonly Endpoint[];
  /** It is asked what a tag points to. */
  readonly resolvesTags: boolean;
  /** Sent as `?ns=`. */
  readonly namespace?: string;
  readonly plainHttp: Fact<PlainHttp>;
  readonly verify: Fact<boolean>;
  /** PEM files. */
  readonly authorities: Fact<readonly string[]>;
  readonly client: Fact<ClientCertificate | undefined>;
  readonly headers: Fact<Readonly<Record<string, string>>>;
  /** Undefined: none. */
  readonly proxy: Fact<URL | undefined>;
}

export interface RegistryPlan {
  /** As the user named it. */
  readonly registry: string;
  readonly repository: string;
  /** Mirrors in their order, the registry itself last. */
  readonly hosts: readonly HostPlan[];
  /** Where it really is, when a file says so. */
  readonly location: Fact<string>;
  readonly blocked: Fact<boolean>;
  /** Configuration files that are there, for advice on what to write where. */
  readonly files: readonly string[];
}

/** The registry itself. */
export function registryHost({ hosts }: Pick<RegistryPlan, 'hosts'>): HostPlan {
  const last = hosts.at(-1);
  if (last === undefined) throw new RangeError('a plan has the registry itself');
  return last;
}
