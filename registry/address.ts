/** `host:port` to listen on. Without TLS and sign-in only loopback will do, unless one insists. */
import { BlockList, isIPv6 } from 'node:net';
import { errnoOf, SlipwayError } from '#core/errors.ts';

export interface ListenAddress {
  /** A name or address as listen() takes it: IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Parses `127.0.0.1:5000`, `localhost:0`, `[::1]:5000`, and `:5000` (every interface). @throws ADDRESS_INVALID */
export function parseListenAddress(text: string): ListenAddress {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  if (!parts || port > 65_535) {
    throw new SlipwayError('ADDRESS_INVALID', `invalid listen address: ${JSON.stringify(text)}`, {
      hint: 'write host:port, for example 127.0.0.1:5000 or [::1]:5000',
    });
  }
  return { host: parts[1] ?? (parts[2] || '::'), port };
}

export interface Protection {
  /** Clients must sign in. */
  readonly hasAuth: boolean;
  readonly hasTls: boolean;
}

/** @throws ADDRESS_INVALID for an address that other machines can reach, without sign-in or TLS */
export function needProtection(
  { host, port }: ListenAddress,
  { hasAuth, hasTls }: Protection,
): void {
  if (isLoopback(host) || (hasAuth && hasTls)) return;
  const address = formatAddress(host, port);
  const danger = hasAuth
    ? 'passwords would cross the network in the clear'
    : 'everybody who reaches it could push and delete';
  const missing = [
    ...(hasAuth ? [] : ['add a user: slipway registry user add NAME']),
    ...(hasTls ? [] : ['add TLS: --tls-cert and --tls-key, or --tls self']),
  ];
  throw new SlipwayError('ADDRESS_INVALID', `refusing to listen on ${address}: ${danger}`, {
    hint: `${missing.join('; ')}; or say --allow-public on a network you trust`,
  });
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** `127.0.0.1:5000`, `[::1]:5000` */
export function formatAddress(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** What listen() fails with, in words. */
export function listenError(cause: unknown, { host, port }: ListenAddress): unknown {
  const address = formatAddress(host, port);
  switch (errnoOf(cause)) {
    case 'EADDRINUSE':
      return new SlipwayError(
        'ADDRESS_IN_USE',
        `listen tcp ${address}: bind: address already in use`,
        {
          hint: `stop what listens on port ${port}, or choose another port (0 picks a free one)`,
          cause,
        },
      );
    case 'EACCES':
      return new SlipwayError('PERMISSION', `listen tcp ${address}: bind: permission denied`, {
        hint: 'ports below 1024 need root: choose a higher one',
        cause,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new SlipwayError(
        'ADDRESS_INVALID',
        `listen tcp ${address}: bind: cannot assign requested address`,
        { hint: 'choose an address of this machine', cause },
      );
    default:
      return cause;
  }
}
