/** An upstream made ready: its URL taken apart, its patterns compiled, what all requests to it share. */
import { DEFAULT_REGISTRY } from '#core/reference.ts';
import type { UpstreamConfig } from '#core/registry-config.ts';
import { Slots } from '#store/slots.ts';
import { namePattern } from '../pattern.ts';
import { Bandwidth } from './bandwidth.ts';
import { Rest } from './rest.ts';

export interface Upstream {
  readonly config: UpstreamConfig;
  /** As references name it: `docker.io`, `localhost:5001`. */
  readonly registry: string;
  readonly scheme: 'http' | 'https';
  /** Put before the names of repositories there; empty, or with a slash at its end. */
  readonly path: string;
  readonly repositories: readonly RegExp[];
  readonly only: readonly RegExp[];
  readonly bandwidth: Bandwidth;
  /** Blobs on their way at once: one that hardly sends anything must not take up more than these. */
  readonly transfers: Slots;
  readonly rest: Rest;
}

const TRANSFERS_MAX = 32;
/** Names by which Docker Hub's registry is known. */
const DOCKER_HUB = [
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
];

export function openUpstream(config: UpstreamConfig, nowMs: () => number): Upstream {
  const { host, protocol, pathname } = new URL(config.url);
  const path = pathname.replaceAll(/^\/+|\/+$/g, '');
  return {
    config,
    registry: DOCKER_HUB.includes(host) ? DEFAULT_REGISTRY : host,
    scheme: protocol === 'http:' ? 'http' : 'https',
    path: path === '' ? '' : `${path}/`,
    repositories: config.repositories.map(namePattern),
    only: config.only.map(namePattern),
    bandwidth: new Bandwidth(config.bytesPerSecond, nowMs),
    transfers: new Slots(TRANSFERS_MAX),
    rest: new Rest(nowMs),
  };
}

/** `docker.io` for Docker Hub, else the host, in which a colon becomes a dash. */
export function nameOfUrl(url: URL): string {
  return DOCKER_HUB.includes(url.host) ? DEFAULT_REGISTRY : url.host.replace(':', '-');
}
