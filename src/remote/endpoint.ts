/**
 * Where a registry is reached: scheme, host and port, and the root of its API. Which of them may be
 * used is registries/resolve.ts's to say.
 */
import { DEFAULT_REGISTRY } from '#core/reference.ts';

const DOCKER_HUB_HOST = 'registry-1.docker.io';

export interface Endpoint {
  /** As in references: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `https://registry-1.docker.io/` */
  readonly base: URL;
  /** `https://registry-1.docker.io/v2/`; paths are resolved against it. */
  readonly api: URL;
}

/** `apiPath` begins and ends with a slash. Never throws for the registry of a parsed Reference. */
export function endpointOf(registry: string, scheme: 'http' | 'https', apiPath = '/v2/'): Endpoint {
  const host = registry === DEFAULT_REGISTRY ? DOCKER_HUB_HOST : registry;
  const base = new URL(`${scheme}://${host}/`);
  return { registry, base, api: new URL(apiPath, base) };
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

/** The URL of something in the distribution API: `<name>/<rest>`. */
export function apiUrl(endpoint: Endpoint, path: string): URL {
  return new URL(path, endpoint.api);
}
