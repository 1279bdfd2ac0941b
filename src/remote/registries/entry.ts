/**
 * What every configuration file is read into: entries that say something about the names they
 * match. resolve.ts asks the sources in their order; the first that says something wins, fact by
 * fact.
 */
import type { Reference } from '#core/reference.ts';
import type { NamePattern } from './name-pattern.ts';

/** How a host is spoken to; absent fields say nothing. */
export interface TransportEntry {
  readonly plainHttp?: 'never' | 'after-tls' | 'always';
  readonly verify?: boolean;
  /** PEM files, trusted besides what the machine trusts. */
  readonly authorities?: readonly string[];
  readonly client?: ClientCertificate;
  readonly headers?: Readonly<Record<string, string>>;
  /** A URL, or `none`. */
  readonly proxy?: string;
}

export interface ClientCertificate {
  readonly certificate: string;
  /** May be the same file. */
  readonly key: string;
}

export interface MirrorEntry {
  readonly origin: string;
  /** `host[:port][/path]`, put before the rest of the name. */
  readonly location: string;
  readonly scheme?: 'http' | 'https';
  /** The API's root where it is not `/v2/`. */
  readonly apiPath?: string;
  /** Which references it is asked for. */
  readonly use: 'all' | 'digest-only' | 'tag-only';
  /** Whether it is asked what a tag points to; digests it may be asked for either way. */
  readonly resolvesTags: boolean;
  /** It holds several registries' content and wants to hear `?ns=`. */
  readonly sendsNamespace: boolean;
  readonly transport: TransportEntry;
}

export interface Entry {
  readonly origin: string;
  readonly pattern: NamePattern;
  /** `host[:port][/path]` in the place of what the pattern matched. */
  readonly location?: string;
  readonly scheme?: 'http' | 'https';
  /** The API's root where it is not `/v2/`. */
  readonly apiPath?: string;
  readonly blocked?: boolean;
  readonly mirrors?: readonly MirrorEntry[];
  readonly transport: TransportEntry;
}

/** One file, or one folder with a file per host. */
export interface Source {
  /** What it says about a name, the most specific first. @throws CONFIG_INVALID, PERMISSION */
  lookup(name: Reference): Promise<readonly Entry[]>;
}

/** docker's and podman's `insecure`: TLS is not verified, and plain HTTP may stand in for it. */
export const INSECURE: TransportEntry = { verify: false, plainHttp: 'after-tls' };
