/**
 * Which proxy a URL is reached through: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY as Go reads
 * them, with networks and ports. This machine's own addresses are never asked through one.
 */
import { isIP } from 'node:net';
import type { Fact, ProxySettings } from '#core/registry-settings.ts';
import { isLoopbackHost } from './endpoint.ts';
import { isWithin, parseNetwork, splitHost } from './registries/name-pattern.ts';

/** @throws nothing: a proxy that is no URL is none, settings.ts has checked it */
export function proxyFor(url: URL, proxies: ProxySettings): Fact<URL | undefined> {
  const { protocol, hostname } = url;
  const said = (protocol === 'https:' ? proxies.https : proxies.http) ?? proxies.all;
  if (!said) return { value: undefined, origin: 'default' };
  if (isLoopbackHost(hostname)) return { value: undefined, origin: 'default: loopback' };
  const { none } = proxies;
  if (none && isListed(url, none.value)) return { value: undefined, origin: none.origin };
  return { value: parseProxy(said.value) ?? undefined, origin: said.origin };
}

/** `proxy:3128` means http://proxy:3128. */
export function parseProxy(text: string): URL | undefined {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  return url && /^(https?|socks5h?|socks):$/.test(url.protocol) ? url : undefined;
}

/** `*`, `example.com` and what is below it, `.example.com`, `10.0.0.0/8`, `10.0.0.7`, each `:port`. */
function isListed(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => isMatch(entry.toLowerCase(), { host, port }));
}

function isMatch(
  entry: string,
  { host, port }: { readonly host: string; readonly port: string },
): boolean {
  if (entry === '*') return true;
  const network = parseNetwork(entry);
  if (network) return isIP(host) !== 0 && isWithin(network, host);
  // An address of IPv6 without brackets has no port.
  const wanted = isIP(entry) === 0 ? splitHost(entry) : { hostname: entry };
  if ('port' in wanted && wanted.port !== undefined && wanted.port !== port) return false;
  const name = wanted.hostname.replace(/^\*?\./, '');
  const isBelow = host.endsWith(`.${name}`) && isIP(host) === 0;
  return isBelow || (host === name && !/^\*?\./.test(wanted.hostname));
}
