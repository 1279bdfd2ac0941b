/** The WWW-Authenticate header of a 401 (RFC 9110 §11.6.1, RFC 6750 §3, distribution docs/spec/auth/token). */
import type { IncomingMessage } from 'node:http';
import type { Access } from './access.ts';
import { scopeFor } from './scope.ts';

export type Challenger =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly service: string;
      /** Where clients get tokens; absent: `/token` of this server, as the client knows it. */
      readonly realm?: string;
    };

export function challengeOf(
  challenger: Challenger,
  request: IncomingMessage,
  { accesses = [], error }: { readonly accesses?: readonly Access[]; readonly error?: string },
): string {
  if (challenger.kind === 'basic') return 'Basic realm="slipway", charset="UTF-8"';
  const parameters = {
    realm: challenger.realm ?? `${originOf(request)}/token`,
    service: challenger.service,
    ...(accesses.length === 0 ? {} : { scope: accesses.map(scopeFor).join(' ') }),
    ...(error === undefined ? {} : { error }),
  };
  const text = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return `Bearer ${text.join(',')}`;
}

/**
 * As the client reached us: a proxy that ended its TLS says so. Whoever lies about it gets a strange
 * answer and nobody else does.
 */
export function originOf({ headers, socket }: IncomingMessage): string {
  const isSecure = 'encrypted' in socket || headers['x-forwarded-proto'] === 'https';
  const host = headers.host ?? '';
  const { localAddress = 'localhost', localPort = 0 } = socket;
  const isHost = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.test(host);
  return `${isSecure ? 'https' : 'http'}://${isHost ? host : `${localAddress}:${localPort}`}`;
}
