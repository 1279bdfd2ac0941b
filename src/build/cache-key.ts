/**
 * Cache keys, in two flavours (BuildKit's idea). The *definition* key says what was asked: the step,
 * and the definition keys of its inputs; it is known without any content. The *content* key says
 * what the step works on: the chainID below it and the digests of the files it takes, so a step hits
 * although its inputs were renamed or rebuilt to the same bytes. Times, owners and inode numbers of
 * context files are in neither.
 */
import { type CloneableHasher, createCloneableHasher, type Digest } from '#core/digest.ts';
import type { JsonValue } from '#core/json.ts';

export type CacheKey = Digest;

/** Bump when the meaning of any step or key changes: old records are then never found. */
const KEY_VERSION = 1;

type Origin = 'scratch' | 'image' | 'layer' | 'http' | 'git' | 'unpacked' | 'folder';

/** The key of something that is not a step: a base to start from, what was fetched. */
export function originKey(kind: Origin, id = ''): CacheKey {
  return keyFrom(prefix('origin'), [kind, id]);
}

/** Both keys of a step. What is done is hashed once; the flavours differ in what it is done to. */
export function stepKeys(operation: JsonValue): {
  readonly definition: (parent: CacheKey, inputs: JsonValue) => CacheKey;
  readonly content: (chain: Digest | undefined, inputs: JsonValue) => CacheKey;
} {
  const step = prefix('step');
  step.update(text(operation));
  return {
    definition: (parent, inputs) => keyFrom(step, ['definition', parent, inputs]),
    content: (chain, inputs) => keyFrom(step, ['content', chain ?? 'scratch', inputs]),
  };
}

function prefix(kind: string): CloneableHasher {
  const hasher = createCloneableHasher();
  hasher.update(text([KEY_VERSION, kind]));
  return hasher;
}

function keyFrom(start: CloneableHasher, parts: JsonValue): CacheKey {
  const hasher = start.clone();
  hasher.update(text(parts));
  return hasher.digest();
}

/** One line of JSON with sorted keys: equal values have equal text, and no text runs into the next. */
function text(value: JsonValue): string {
  return `${JSON.stringify(canonical(value))}\n`;
}

function canonical(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, canonical(item)]));
}
