/**
 * undici's dispatchers, one kind per way of connecting: certificates, proxies. Node trusts the list
 * it comes with; the machine's own authorities, which cost 60 ms to read, are added when a
 * certificate is by none of those, and at once where a proxy or an own authority needs a list anyway.
 */
import type { SecureContext } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { SlipwayError } from '#core/errors.ts';
import type { OriginSettings } from './network.ts';

/** A registry may hash or move a large blob before it answers the closing PUT. */
const HEADERS_TIMEOUT_MS = 5 * 60_000;
/** Silence within a body after which the connection counts as dead. */
const BODY_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 15_000;
/** Enough for every parallel transfer and the small requests between them. */
const CONNECTIONS_MAX = 16;

const LIMITS = {
  connections: CONNECTIONS_MAX,
  // Several connections are the point: with HTTP/2 all transfers would share what one of them gets.
  allowH2: false,
  headersTimeout: HEADERS_TIMEOUT_MS,
  bodyTimeout: BODY_TIMEOUT_MS,
};

/** Whose certificates are believed: those Node comes with, or the machine's as well. */
export type Trust = 'node' | 'machine';

/** @throws CONFIG_INVALID for certificates that cannot be used */
export function openDispatcher(settings: OriginSettings, trust: Trust): Dispatcher {
  const options = tlsOptions(settings, trust);
  const connect = { timeout: CONNECT_TIMEOUT_MS, ...options };
  if (!settings.proxy) return new Agent({ ...LIMITS, connect });
  return new ProxyAgent({
    ...LIMITS,
    uri: settings.proxy.href,
    requestTls: connect,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A tunnel for https:// only: plain HTTP through a tunnel is refused by most proxies.
    proxyTunnel: false,
  });
}

/** True when the machine's authorities may know what Node's do not. */
export function mayTrustMore(settings: OriginSettings, trust: Trust): boolean {
  return trust === 'node' && settings.verify && settings.authorities.length === 0;
}

function tlsOptions(
  { verify, authorities, client }: OriginSettings,
  trust: Trust,
): { rejectUnauthorized?: boolean; secureContext?: SecureContext } {
  const lax = verify ? {} : { rejectUnauthorized: false };
  if (trust === 'node' && authorities.length === 0 && !client) return lax;
  try {
    const secureContext = tls().createSecureContext({
      ...(verify ? { ca: trusted(authorities) } : {}),
      ...(client ? { cert: client.certificate, key: client.key } : {}),
    });
    return { ...lax, secureContext };
  } catch (cause) {
    throw new SlipwayError(
      'CONFIG_INVALID',
      'the certificates configured for the registry cannot be used',
      {
        hint: 'authorities are PEM files, and a client certificate needs the key that belongs to it: see slipway config registries',
        cause,
      },
    );
  }
}

function trusted(authorities: readonly string[]): string[] {
  const { getCACertificates } = tls();
  return [
    ...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...authorities]),
  ];
}

/** Loaded when first needed: it takes as long as Node itself, and many registries are plain HTTP. */
function tls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}
