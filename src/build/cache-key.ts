/**
 * Cache keys, in two flavours (BuildKit's idea). The *definition* key says what was asked: the step,
 * and the definition keys of its inputs; it is known without any content. The *content* key says
 * what the step works on: the chainID below it and the digests of the files it takes, so a step hits
 * although its inputs were renamed or rebuilt to the same bytes. Times, owners and inode numbers of
 * context files are in neither.
 */
import { createHasher, type Digest } from '#core/digest.ts';
import type { JsonValue } from '#core/json.ts';

export type CacheKey = Digest;

/** Bump when the meaning of any step or key changes: old records are then never found. */
const KEY_VERSION = 1;

/** The key of a step: its canonical description over its parent. */
export function cacheKey(parts: readonly JsonValue[]): CacheKey {
  const hasher = createHasher('sha256');
  hasher.update(JSON.stringify([KEY_VERSION, ...parts.map(canonical)]));
  return hasher.digest();
}

/** Objects with sorted keys, so that equal values have equal text. */
function canonical(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, canonical(item)]));
}
