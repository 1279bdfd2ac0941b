/**
 * From a path to what it names (distribution-spec §Endpoints). Repository names contain slashes and
 * may contain the words of the API too (`a/blobs/uploads`), so paths are read from their end.
 */
import { isRepositoryName } from '#core/reference.ts';
import { Refusal } from './errors.ts';
import { type WebRoute, webRouteOf } from './web/route.ts';

export type Route =
  | {
      readonly kind:
        | 'base'
        | 'catalog'
        | 'search'
        | 'ping-v1'
        | 'health'
        | 'ready'
        | 'metrics'
        | 'token'
        | 'authority';
    }
  | { readonly kind: 'web'; readonly web: WebRoute }
  | { readonly kind: 'tags' | 'uploads'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string }
  | { readonly kind: 'blob' | 'referrers'; readonly name: string; readonly digest: string }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string };

const FIXED: Readonly<Record<string, Route>> = {
  '/v2': { kind: 'base' },
  '/v2/': { kind: 'base' },
  '/v2/_catalog': { kind: 'catalog' },
  '/v1/search': { kind: 'search' },
  '/v1/_ping': { kind: 'ping-v1' },
  '/healthz': { kind: 'health' },
  '/readyz': { kind: 'ready' },
  '/metrics': { kind: 'metrics' },
  '/token': { kind: 'token' },
  '/ca.crt': { kind: 'authority' },
};

/** `path` without the query; undefined: no such endpoint. @throws Refusal NAME_INVALID */
export function routeOf(path: string): Route | undefined {
  const fixed = Object.hasOwn(FIXED, path) ? FIXED[path] : undefined;
  if (fixed) return fixed;
  if (!path.startsWith('/v2/')) {
    const web = webRouteOf(path);
    return web && { kind: 'web', web };
  }
  const parts = path.slice('/v2/'.length).split('/').map(decode);
  return namedRoute(parts);
}

function namedRoute(parts: readonly string[]): Route | undefined {
  const [third, second, last] = [parts.at(-3), parts.at(-2), parts.at(-1)];
  if (last === undefined || second === undefined) return undefined;
  if (third === 'blobs' && second === 'uploads') {
    const name = nameIn(parts, 3);
    return last === '' ? { kind: 'uploads', name } : { kind: 'upload', name, id: last };
  }
  if (last === '') return undefined;
  switch (second) {
    case 'manifests':
      return { kind: 'manifest', name: nameIn(parts, 2), reference: last };
    case 'blobs':
      return last === 'uploads'
        ? { kind: 'uploads', name: nameIn(parts, 2) }
        : { kind: 'blob', name: nameIn(parts, 2), digest: last };
    case 'referrers':
      return { kind: 'referrers', name: nameIn(parts, 2), digest: last };
    case 'tags':
      return last === 'list' ? { kind: 'tags', name: nameIn(parts, 2) } : undefined;
    default:
      return undefined;
  }
}

function nameIn(parts: readonly string[], tail: number): string {
  const name = parts.slice(0, -tail).join('/');
  if (isRepositoryName(name)) return name;
  throw new Refusal('NAME_INVALID', `invalid repository name: ${JSON.stringify(name)}`);
}

/** Some clients send digests as `sha256%3A…`. An encoded slash stays what it is: part of no name. */
function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
