/**
 * Which names an entry is about: a host with or without a path and a tag (`docker.io/library`),
 * all subdomains (`*.example.com`), or a network (`10.0.0.0/8`), for which a host's name is looked
 * up.
 */
import { BlockList, isIP } from 'node:net';
import { formatReference, type Reference } from '#core/reference.ts';

export type NamePattern =
  | { readonly kind: 'prefix'; readonly text: string }
  /** `suffix` begins with a dot. */
  | { readonly kind: 'subdomains'; readonly suffix: string; readonly path: string }
  | { readonly kind: 'network'; readonly text: string; readonly network: BlockList };

/** All addresses of a name; empty when there are none. */
export type LookupAddresses = (hostname: string) => Promise<readonly string[]>;

const NETWORK = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/;

/** Undefined for what is none of the three. */
export function parseNamePattern(text: string): NamePattern | undefined {
  const network = parseNetwork(text);
  if (network) return { kind: 'network', text, network };
  if (text.startsWith('*.')) {
    const [suffix = '', ...path] = text.slice(1).split('/');
    if (suffix.includes('*') || suffix.length < 2) return undefined;
    return { kind: 'subdomains', suffix, path: path.map((part) => `/${part}`).join('') };
  }
  return text === '' || /[\s*]|:\/\/|\/$/.test(text) ? undefined : { kind: 'prefix', text };
}

/** `10.0.0.0/8`, `fd00::/8`; undefined for anything else. */
export function parseNetwork(text: string): BlockList | undefined {
  const [, address = '', bits = ''] = NETWORK.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return network;
}

/** How much of the name is matched, to compare patterns by; undefined: nothing. */
export async function matchLength(
  pattern: NamePattern,
  name: Reference,
  lookup: LookupAddresses,
): Promise<number | undefined> {
  switch (pattern.kind) {
    case 'prefix':
      return isPrefix(pattern.text, formatReference(name)) ? pattern.text.length : undefined;
    case 'subdomains': {
      const { hostname } = splitHost(name.registry);
      const isBelow = hostname.endsWith(pattern.suffix) || name.registry.endsWith(pattern.suffix);
      const rest = formatReference(name).slice(name.registry.length);
      return isBelow && isPrefix(pattern.path, rest)
        ? pattern.suffix.length + pattern.path.length
        : undefined;
    }
    case 'network': {
      const { hostname } = splitHost(name.registry);
      const addresses = isIP(hostname) ? [hostname] : await lookup(hostname);
      return addresses.some((address) => isWithin(pattern.network, address)) ? 1 : undefined;
    }
  }
}

/** True when the address, of either family, is in the network. */
export function isWithin(network: BlockList, address: string): boolean {
  return network.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Ends where a part of the name ends. */
function isPrefix(prefix: string, text: string): boolean {
  return text.startsWith(prefix) && /^($|[/:@])/.test(text.slice(prefix.length));
}

/** `[::1]:5000` → `::1` and `5000`. */
export function splitHost(host: string): { readonly hostname: string; readonly port?: string } {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(host) ?? [];
  const hostname = bracketed ?? (plain || host);
  return port === undefined ? { hostname } : { hostname, port };
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '127.0.0.0/8']
  .concat(['fc00::/7', 'fe80::/10', '::1/128'])
  .map(parseNetwork);

/** RFC 1918, unique local, link-local and loopback addresses. */
export function isPrivateAddress(address: string): boolean {
  return PRIVATE.some((network) => network !== undefined && isWithin(network, address));
}
