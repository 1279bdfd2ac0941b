/** Which ignore file a build heeds, and its patterns. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { compileIgnore, type IgnoreMatcher } from '#dockerfile/dockerignore.ts';
import { unreadable } from './unreadable.ts';

/**
 * The patterns of a build: `<Dockerfile>.dockerignore`, else the context's `.dockerignore`, else
 * podman's `.containerignore`; `size` is of the file.
 * @throws IGNORE_INVALID, PERMISSION, FILE_MISSING (one that was named)
 */
export function readIgnore(place: {
  readonly folder: string;
  readonly dockerfile?: string;
  /** Heeded in place of all others; must be there. */
  readonly ignoreFile?: string;
}): {
  readonly matcher: IgnoreMatcher;
  readonly size: number;
} {
  if (place.ignoreFile !== undefined) return readNamed(place.ignoreFile);
  const candidates = [
    ...(place.dockerfile === undefined ? [] : [`${place.dockerfile}.dockerignore`]),
    join(place.folder, '.dockerignore'),
    join(place.folder, '.containerignore'),
  ];
  for (const path of candidates) {
    try {
      return readOne(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw unreadable(error, path);
    }
  }
  return { matcher: compileIgnore(''), size: 0 };
}

function readOne(path: string): ReturnType<typeof readIgnore> {
  const text = readFileSync(path, 'utf8');
  return { matcher: compileIgnore(text), size: Buffer.byteLength(text) };
}

function readNamed(path: string): ReturnType<typeof readIgnore> {
  try {
    return readOne(path);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw unreadable(cause, path);
    throw new SlipwayError('FILE_MISSING', `open ${path}: no such file or directory`, {
      hint: 'name an ignore file that is there with --ignorefile',
      cause,
    });
  }
}
