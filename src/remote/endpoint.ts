/**
 * Where a registry named in a reference is reached: scheme, host and port. Plain HTTP is for
 * loopback hosts and for whom the user says so; nothing else ever falls back to it.
 */
import { DEFAULT_REGISTRY } from '#core/reference.ts';

const DOCKER_HUB_HOST = 'registry-1.docker.io';

export interface Endpoint {
  /** As in references: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `https://registry-1.docker.io/`; paths are resolved against it. */
  readonly base: URL;
}

/** `scheme`: said by the user. Never throws for the registry of a parsed Reference. */
export function endpointOf(registry: string, scheme?: 'http' | 'https'): Endpoint {
  const host = registry === DEFAULT_REGISTRY ? DOCKER_HUB_HOST : registry;
  const secure = new URL(`https://${host}/`);
  // 443 is dropped by URL as the scheme's default, so it is looked for in the text.
  const isLocal = isLoopbackHost(secure.hostname) && !/:0*443$/.test(host);
  const isPlain = scheme === undefined ? isLocal : scheme === 'http';
  return { registry, base: isPlain ? new URL(`http://${host}/`) : secure };
}

/** localhost, 127.0.0.0/8, ::1; brackets allowed. Names are not looked up. */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    hostname === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** The URL of an endpoint of the distribution API: `/v2/<name>/<rest>`. */
export function apiUrl(endpoint: Endpoint, path: string): URL {
  return new URL(`/v2/${path}`, endpoint.base);
}
