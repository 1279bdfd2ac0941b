/** `--cache-from` and `--cache-to` of a build, in docker's words. Pure. */
import { resolve } from 'node:path';
import type { CacheMountChoice, CachePlace, CacheSource, CacheTarget } from '#core/build-cache.ts';
import { parseByteSize } from '#core/byte-size.ts';
import { parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { parseReference, parseTag } from '#core/reference.ts';
import { Attributes } from './attributes.ts';

/** `type=registry,ref=host/x`, `type=local,src=folder`, or the reference alone. @throws USAGE, REFERENCE_INVALID */
export function cacheSourceIn(text: string): CacheSource {
  if (!/[=,]/.test(text)) return { kind: 'registry', reference: parseReference(text) };
  const attributes = Attributes.of(text, 'cache import');
  const type = attributes.take('type');
  const noMounts = !attributes.takeBoolean('cache-mounts', true);
  const source = { ...sourceOf(type, attributes), ...(noMounts ? { noMounts } : {}) };
  attributes.refuseRest(`cache type=${type}`);
  return source;
}

function sourceOf(type: string | undefined, attributes: Attributes): CacheSource {
  switch (type) {
    case 'registry':
      return { kind: 'registry', reference: parseReference(needed(attributes, 'ref', type)) };
    case 'local': {
      const folder = resolve(needed(attributes, 'src', type));
      const digest = attributes.take('digest');
      const tag = attributes.take('tag') ?? 'latest';
      return digest === undefined
        ? { kind: 'local', folder, tag }
        : { kind: 'local', folder, digest: parseDigest(digest) };
    }
    default:
      throw unknownType(type);
  }
}

/** `type=inline`, `type=registry,ref=host/x[,mode=max]`, `type=local,dest=folder`. @throws USAGE, REFERENCE_INVALID */
export function cacheTargetIn(text: string): CacheTarget {
  if (!/[=,]/.test(text)) {
    return { kind: 'place', place: registryPlace(text), mode: 'min', ignoreError: false };
  }
  const attributes = Attributes.of(text, 'cache export');
  const type = attributes.take('type');
  const target = targetOf(type, attributes);
  attributes.refuseRest(`cache type=${type}`);
  return target;
}

function targetOf(type: string | undefined, attributes: Attributes): CacheTarget {
  if (type === 'inline') return { kind: 'inline' };
  const place = placeOf(type, attributes);
  const mode = attributes.take('mode') ?? 'min';
  if (mode !== 'min' && mode !== 'max') {
    throw usage(`invalid cache export mode: ${mode}`, 'write mode=min or mode=max');
  }
  const ignoreError = attributes.takeBoolean('ignore-error', false);
  return { kind: 'place', place, mode, ignoreError, ...mountsOf(attributes) };
}

/** What most tools' caches stay below. */
const MOUNT_BYTES_MAX = 1024 ** 3;

/** `cache-mounts=true`, or ids with `;` between them; `cache-mounts-max=2GB` for each. @throws USAGE */
function mountsOf(attributes: Attributes): { readonly mounts?: CacheMountChoice } {
  const which = attributes.take('cache-mounts');
  const max = attributes.take('cache-mounts-max');
  const isNone = which === undefined || /^(?:0|f|false)$/i.test(which);
  if (isNone && max !== undefined) {
    throw usage('cache-mounts-max without cache-mounts', 'add cache-mounts=true, or ids of mounts');
  }
  if (isNone) return {};
  const ids = which.split(';').filter((id) => id !== '');
  return {
    mounts: {
      ids: /^(?:1|t|true)$/i.test(which) ? 'all' : ids,
      bytesMax:
        max === undefined ? MOUNT_BYTES_MAX : parseByteSize(max, { flag: 'cache-mounts-max' }),
    },
  };
}

function placeOf(type: string | undefined, attributes: Attributes): CachePlace {
  switch (type) {
    case 'registry':
      return registryPlace(needed(attributes, 'ref', type));
    case 'local': {
      const folder = resolve(needed(attributes, 'dest', type));
      const tag = attributes.take('tag') ?? 'latest';
      const reset = attributes.takeBoolean('reset', false);
      return { kind: 'local', folder, tag, ...(reset ? { reset } : {}) };
    }
    default:
      throw unknownType(type);
  }
}

function registryPlace(text: string): CachePlace {
  return { kind: 'registry', reference: parseTag(text) };
}

function needed(attributes: Attributes, key: string, type: string): string {
  const value = attributes.take(key);
  if (value !== undefined && value !== '') return value;
  throw usage(`${key} is required for cache type=${type}`, `write type=${type},${key}=…`);
}

function unknownType(type: string | undefined): SlipwayError {
  return usage(
    type === undefined ? 'type is required for a cache' : `unknown cache type: "${type}"`,
    'the types are registry and local, and inline for --cache-to',
  );
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
