/**
 * Where `load --to` sends the images of an archive: a registry, a prefix within it, and which names
 * go where. A name keeps its path and its tag; what registry it came from is left behind, unless a
 * `--map` says otherwise.
 */
import { SlipwayError } from '#core/errors.ts';
import {
  familiarName,
  isRepositoryName,
  parseReference,
  type Reference,
  repositoryKey,
} from '#core/reference.ts';

export interface Destination {
  /** Host with optional port. */
  readonly registry: string;
  /** Said by the user; absent: as for every reference, plain HTTP on loopback only. */
  readonly scheme?: 'http' | 'https';
  /** `mirror/team`; empty: the root of the registry. */
  readonly prefix: string;
  /** The longest `from` first. */
  readonly maps: readonly NameMap[];
}

/** Names below `from` go below `to`, which is within the prefix. */
export interface NameMap {
  /** `docker.io`, `ghcr.io/team`, `docker.io/library/alpine`. */
  readonly from: string;
  readonly to: string;
}

/** `registry://host:5000/prefix`, or http:// and https:// to say how. @throws USAGE */
export function parseDestination(text: string, maps: readonly string[] = []): Destination {
  const match = /^(registry|https?):\/\/([^/]+)(?:\/(.*?))?\/?$/.exec(text);
  const [, scheme, registry = '', prefix = ''] = match ?? [];
  const isGood = match !== null && isHost(registry) && (prefix === '' || isRepositoryName(prefix));
  if (!isGood) {
    throw new SlipwayError('USAGE', `invalid destination "${text}"`, {
      hint: 'name a registry and, if you like, a path in it: registry://host:5000/mirror',
    });
  }
  return {
    registry,
    prefix,
    ...(scheme === 'http' || scheme === 'https' ? { scheme } : {}),
    maps: maps.map(parseMap).sort((left, right) => right.from.length - left.from.length),
  };
}

/** With a port any host is one; without, a bare word would read as a path. */
function isHost(text: string): boolean {
  const withPort = /:\d+$/.test(text) ? text : `${text}:1`;
  try {
    return parseReference(`${withPort}/x`).registry === withPort;
  } catch {
    return false;
  }
}

function parseMap(text: string): NameMap {
  const at = text.indexOf('=');
  const from = text.slice(0, Math.max(at, 0)).replace(/\/$/, '');
  const to = text.slice(at + 1).replace(/\/$/, '');
  if (at < 1 || from === '' || (to !== '' && !isRepositoryName(to))) {
    throw new SlipwayError('USAGE', `invalid map "${text}"`, {
      hint: 'write FROM=TO, for example --map docker.io=hub or --map docker.io/library=base',
    });
  }
  return { from, to };
}

/** The name that an image of the archive gets. @throws REFERENCE_INVALID when it grows too long */
export function placeOf(name: Reference, { registry, prefix, maps }: Destination): Reference {
  const repository = [prefix, pathOf(name, maps)].filter((part) => part !== '').join('/');
  if (!isRepositoryName(repository)) {
    throw new SlipwayError('REFERENCE_INVALID', `invalid repository name (${repository})`, {
      hint: 'choose a shorter prefix, or another name with --map',
    });
  }
  return { ...name, registry, repository };
}

function pathOf(name: Reference, maps: readonly NameMap[]): string {
  const key = repositoryKey(name);
  const map = maps.find(({ from }) => key === from || key.startsWith(`${from}/`));
  if (map) return [map.to, key.slice(map.from.length + 1)].filter((part) => part !== '').join('/');
  const familiar = familiarName(name);
  return familiar === key ? name.repository : familiar;
}
