/** What a registry is told at its start, as one value. `slipway registry serve` makes it of flags, environment and file. */

export interface RegistryConfig {
  /** `host:port` */
  readonly address: string;
  readonly allowPublic: boolean;
  readonly allowSparse: boolean;
  readonly allowDelete: boolean;
  readonly readOnly: boolean;
  readonly tls?: TlsConfig;
  readonly auth: AuthConfig;
  /** A line per request on the log; absent: none. */
  readonly accessLog?: 'combined' | 'json';
  /** Pages for browsers. */
  readonly pages: boolean;
  /** Figures at /metrics. */
  readonly metrics: boolean;
  /** Below this the server says that it is not ready, and warns who pushes. */
  readonly minFreeBytes: number;
  readonly webhooks: readonly WebhookConfig[];
  readonly care: CareConfig;
  readonly proxy: ProxyConfig;
}

/** How the registry looks after what it holds. Absent intervals: never by itself. */
export interface CareConfig {
  readonly gc: {
    readonly intervalMs?: number;
    /** How long an upload waits for the manifest that needs it. */
    readonly graceMs: number;
    /** How long nobody touched an upload that is abandoned. */
    readonly uploadTtlMs: number;
  };
  readonly scrub: { readonly intervalMs?: number; readonly bytesPerSecond: number };
  readonly quota: QuotaConfig;
  readonly tags: readonly TagRule[];
  readonly retention: {
    readonly intervalMs?: number;
    readonly rules: readonly RetentionRule[];
  };
}

export interface QuotaConfig {
  /** Of all repositories, each blob once. */
  readonly totalBytes?: number;
  /** The first that matches counts, for each repository by itself. */
  readonly rules: readonly { readonly repositories: string; readonly bytes: number }[];
}

/** Patterns are globs, or regular expressions between slashes. */
export interface TagRule {
  readonly repositories: string;
  readonly tags: string;
  /** Never pointed at something else. */
  readonly isImmutable: boolean;
  /** Never removed: not by a client, nor by retention. */
  readonly isProtected: boolean;
}

/** Which tags stay; those that no rule speaks of do. */
export interface RetentionRule {
  readonly repositories: string;
  readonly tags: string;
  /** So many of the tags that were pushed last. */
  readonly keepLast?: number;
  readonly pushedWithinMs?: number;
  readonly pulledWithinMs?: number;
  /** Manifests that have no tag, and belong to nothing that has one, go after that. */
  readonly untaggedMs?: number;
}

/** What is fetched from other registries and kept here. */
export interface ProxyConfig {
  readonly upstreams: readonly UpstreamConfig[];
  /** Names of this registry itself, as `?ns=` says them. */
  readonly ownNames: readonly string[];
}

/** A registry that is asked for what is not here. */
export interface UpstreamConfig {
  /** A repository name: what comes from there is kept below it, `docker.io/library/debian`. */
  readonly name: string;
  /** `https://registry-1.docker.io`; a path is put before the names of repositories there. */
  readonly url: string;
  /** What `?ns=` calls it. */
  readonly namespaces: readonly string[];
  /** Other names that stand for it at the beginning of a repository's. */
  readonly prefixes: readonly string[];
  /** Names without any of those that are looked for there: globs, or regular expressions in slashes. */
  readonly repositories: readonly string[];
  /** Repositories there that may be asked for, in the same form. */
  readonly only: readonly string[];
  readonly credentials: UpstreamCredentials;
  /** What somebody may do here who does not sign in. */
  readonly anonymous: 'none' | 'pull';
  /** Take pushes to its names. */
  readonly push: boolean;
  /** How long a tag or a list is believed before it is asked for again. */
  readonly freshMs: number;
  /** What nobody has pulled for this long is removed; absent: never. */
  readonly ttlMs?: number;
  /** Of blobs, all together; absent: no limit. */
  readonly bytesPerSecond?: number;
}

export type UpstreamCredentials =
  | { readonly kind: 'none' }
  /** Those of docker's and podman's files on this machine. */
  | { readonly kind: 'files' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string };

/** Somebody to tell what happens to repositories. */
export interface WebhookConfig {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of push, pull, mount and delete. */
  readonly events: readonly string[];
  /** A glob, as in a rule. */
  readonly repositories: string;
}

const HOUR_MS = 60 * 60 * 1000;

/** On loopback, for everybody. */
export const DEFAULT_CONFIG: RegistryConfig = {
  address: '127.0.0.1:5000',
  allowPublic: false,
  allowSparse: false,
  allowDelete: true,
  readOnly: false,
  auth: {
    anonymous: 'none',
    scheme: 'token',
    tokenSeconds: 300,
    service: 'slipway',
  },
  pages: true,
  metrics: true,
  minFreeBytes: 1024 ** 3,
  webhooks: [],
  care: {
    gc: { intervalMs: HOUR_MS, graceMs: 24 * HOUR_MS, uploadTtlMs: 7 * 24 * HOUR_MS },
    scrub: { bytesPerSecond: 20 * 1024 ** 2 },
    quota: { rules: [] },
    tags: [],
    retention: { intervalMs: 24 * HOUR_MS, rules: [] },
  },
  proxy: { upstreams: [], ownNames: [] },
};

export interface TlsConfig {
  /** Files, or an authority of our own for these names besides those of the machine. */
  readonly source:
    | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
    | { readonly kind: 'self'; readonly names: readonly string[] };
  readonly clientCa?: string;
  readonly clients: 'request' | 'require';
}

export interface AuthConfig {
  /** Path of the users file; absent: the one in the store, if there. */
  readonly users?: string;
  readonly keys?: string;
  readonly anonymous: 'none' | 'pull';
  readonly scheme: 'token' | 'basic';
  readonly tokenSeconds: number;
  readonly service: string;
  /** Instead of users of our own. */
  readonly server?: TokenServer;
  /** Absent: who signs in may do everything. */
  readonly rules?: AccessRules;
}

/** Where another service gives the tokens (distribution docs/spec/auth/token). */
export interface TokenServer {
  /** Its URL for clients. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Its public keys: a file, or an http(s) URL that is asked again when keys change. */
  readonly jwks: string;
}

/** What may be done to a repository (docker's token scopes). */
export const ACTIONS = ['pull', 'push', 'delete'] as const;
export type Action = (typeof ACTIONS)[number];

/** An action is allowed when some rule allows it; none forbids, so their order means nothing. */
export interface AccessRules {
  /** Members of each group. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly AccessRule[];
}

export interface AccessRule {
  /** `team/*` is one path component, `team/**` any number, `**` everything. */
  readonly repositories: string;
  /** Names; `*` is everybody who signed in, `anonymous` also those who did not. */
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly actions: readonly Action[];
}
