/** What a request brings to say who it is: the Authorization header, taken apart. */

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** Another scheme, or one that cannot be read. */
  | { readonly kind: 'unknown' };

/** A header is at most as long as the server takes one; a password longer than this is none. */
const LENGTH_MAX = 16_384;

export function credentialsIn(header: string | undefined): Credentials {
  if (header === undefined) return { kind: 'none' };
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? [];
  if (rest.length > LENGTH_MAX) return { kind: 'unknown' };
  switch (scheme.toLowerCase()) {
    case 'basic':
      return basic(rest);
    case 'bearer':
      return { kind: 'bearer', token: rest };
    default:
      return { kind: 'unknown' };
  }
}

function basic(encoded: string): Credentials {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: 'unknown' };
  return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
