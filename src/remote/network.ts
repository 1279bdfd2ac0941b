/**
 * How each origin is spoken to below HTTP: certificates and proxies. A plan's hosts are known; of
 * others, which tokens and redirects lead to, the files are asked. A token service on the host of a
 * registry shares what is said of the registry, whatever its port, as in docker.
 */
import { readFile } from 'node:fs/promises';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { HostPlan } from './registries/plan.ts';

export interface OriginSettings {
  readonly verify: boolean;
  /** Texts of PEM files, trusted besides what the machine trusts. */
  readonly authorities: readonly string[];
  readonly client?: { readonly certificate: string; readonly key: string };
  readonly proxy?: URL;
}

/** Says how to speak to an origin. @throws CONFIG_INVALID, FILE_MISSING, PERMISSION */
export type OriginLookup = (url: URL) => Promise<OriginSettings>;

export const PLAIN_ORIGIN: OriginSettings = { verify: true, authorities: [] };

/** `hostOf`: what the files say of a host that no plan names. */
export function originLookup(
  hosts: readonly HostPlan[],
  hostOf: (registry: string) => Promise<HostPlan>,
): OriginLookup {
  return async (url) => settingsOf(knownHost(hosts, url) ?? (await hostOf(url.host)));
}

function knownHost(hosts: readonly HostPlan[], url: URL): HostPlan | undefined {
  const bases = hosts.flatMap((host) => host.endpoints.map(({ base }) => ({ host, base })));
  return (
    bases.find(({ base }) => base.origin === url.origin) ??
    bases.find(({ base }) => base.hostname === url.hostname)
  )?.host;
}

async function settingsOf(host: HostPlan): Promise<OriginSettings> {
  const { verify, authorities, client, proxy } = host;
  const pair = client.value;
  return {
    verify: verify.value,
    authorities: await Promise.all(authorities.value.map((path) => readPem(path))),
    ...(pair
      ? {
          client: {
            certificate: await readPem(pair.certificate),
            key: await readPem(pair.key),
          },
        }
      : {}),
    ...(proxy.value ? { proxy: proxy.value } : {}),
  };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = errnoOf(cause) === 'ENOENT';
    throw new SlipwayError(
      isMissing ? 'FILE_MISSING' : 'PERMISSION',
      `open ${path}: ${isMissing ? 'no such file or directory' : (errnoOf(cause) ?? 'unreadable')}`,
      { hint: 'a registry configuration names this file: see slipway config registries', cause },
    );
  }
}
