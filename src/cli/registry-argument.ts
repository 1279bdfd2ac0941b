/** The SERVER of login and logout: a host, or docker's URLs for one. */
import { SlipwayError } from '#core/errors.ts';
import { DEFAULT_REGISTRY, parseReference } from '#core/reference.ts';

const HUB_HOSTS = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];

/** Docker Hub when absent; `https://host:5000/v2/` is `host:5000`. @throws USAGE */
export function registryArgument(text: string | undefined): string {
  const host = (text ?? DEFAULT_REGISTRY).replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  if (HUB_HOSTS.includes(host)) return DEFAULT_REGISTRY;
  if (isRegistry(host)) return host;
  throw new SlipwayError('USAGE', `invalid registry "${text ?? ''}"`, {
    hint: 'name a host: registry.example.com, or host:5000',
  });
}

function isRegistry(host: string): boolean {
  try {
    return parseReference(`${host}/x`).registry === host;
  } catch {
    return false;
  }
}
