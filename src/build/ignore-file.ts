/** Which ignore file a build heeds, and its patterns. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import { compileIgnore, type IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { unreadable } from './unreadable.ts';

/**
 * The patterns of a build: `<Dockerfile>.dockerignore`, else the context's `.dockerignore`, else
 * podman's `.containerignore`; `size` is of the file. @throws IGNORE_INVALID, PERMISSION
 */
export function readIgnore(place: { readonly folder: string; readonly dockerfile: string }): {
  readonly matcher: IgnoreMatcher;
  readonly size: number;
} {
  const candidates = [
    `${place.dockerfile}.dockerignore`,
    join(place.folder, '.dockerignore'),
    join(place.folder, '.containerignore'),
  ];
  for (const path of candidates) {
    try {
      const text = readFileSync(path, 'utf8');
      return { matcher: compileIgnore(text), size: Buffer.byteLength(text) };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw unreadable(error, path);
    }
  }
  return { matcher: compileIgnore(''), size: 0 };
}
