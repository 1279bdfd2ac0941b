/** What both forms of mirror files have. */
import { isSlipwayError } from '#core/errors.ts';
import type { ObjectReader } from '#core/json.ts';
import type { TagSelection } from '#core/mirror.ts';
import { parseReference } from '#core/reference.ts';

export const SELECT_ALL: TagSelection = {
  list: [],
  regex: [],
  semver: [],
  exclude: [],
  prereleases: false,
};

/** A misspelt key must not pass for said. */
export function refuseUnknown(reader: ObjectReader, keys: readonly string[]): void {
  const unknown = reader.keys().find((key) => !keys.includes(key));
  if (unknown !== undefined) reader.refuse(unknown, `one of ${keys.join(', ')}`);
}

/** One or several; numbers, which YAML makes of `3.20`, are refused by the reader. */
export function stringsIn(reader: ObjectReader, key: string): readonly string[] {
  if (!reader.has(key)) return [];
  return typeof reader.raw(key) === 'string' ? [reader.string(key)] : reader.strings(key);
}

/** A name without tag and digest. */
export function repositoryIn(reader: ObjectReader, key: string, text: string): string {
  const name = text.replace(/^docker:\/\//, '');
  try {
    const { tag, digest } = parseReference(name);
    if (tag === undefined && digest === undefined) return name;
  } catch (error) {
    if (!isSlipwayError(error, 'REFERENCE_INVALID')) throw error;
  }
  return reader.refuse(key, 'the name of a repository, without a tag');
}
