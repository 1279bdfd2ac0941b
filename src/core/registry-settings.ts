/**
 * Where facts about registries come from, as values: which files are looked for, which proxies and
 * flags there are. cli/settings.ts fills it from the environment; without it no file is read.
 */

/** A value and what says so: a file and its key, a variable, a flag, `default`. */
export interface Fact<T> {
  readonly value: T;
  readonly origin: string;
}

/** `auto`: after TLS failed, and for addresses of this machine and of private networks only. */
export const PLAIN_HTTP_MODES = ['auto', 'always', 'never'] as const;

export type PlainHttpMode = (typeof PLAIN_HTTP_MODES)[number];

export interface ProxySettings {
  /** For http:// and https:// addresses: a URL. */
  readonly http?: Fact<string>;
  readonly https?: Fact<string>;
  /** For both, where they have none of their own. */
  readonly all?: Fact<string>;
  /** Who is reached without: names, .domains, addresses, networks, each with or without a port. */
  readonly none?: Fact<string>;
}

export interface RegistrySettings {
  /** Our own files, the most important first. */
  readonly own: readonly string[];
  /** registries.conf: the first main file that is there, and the drop-ins of all folders in order. */
  readonly containers: { readonly main: readonly string[]; readonly dropIns: readonly string[] };
  /** Folders with containerd's `<host>/hosts.toml`. */
  readonly hosts: readonly string[];
  /** docker's daemon.json, the most important first. */
  readonly daemon: readonly string[];
  /** BuildKit's buildkitd.toml, the most important first. */
  readonly buildkit: readonly string[];
  /** Folders with `<host>/*.crt`, `*.cert` and `*.key`; the first that knows a host counts. */
  readonly certificates: readonly string[];
  readonly proxies: ProxySettings;
  /** Said for this command, over all files. */
  readonly plainHttp?: Fact<PlainHttpMode>;
  readonly tlsVerify?: Fact<boolean>;
}

/** Nothing but the rules that hold without any file. */
export const NO_REGISTRY_SETTINGS: RegistrySettings = {
  own: [],
  containers: { main: [], dropIns: [] },
  hosts: [],
  daemon: [],
  buildkit: [],
  certificates: [],
  proxies: {},
};
