/** Where the lock of a Dockerfile is: beside it, under its name with `.lock` behind. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';

export interface LockPlace {
  /** How it is called. */
  readonly name: string;
  /** Undefined: there is none. @throws FILE_UNUSABLE */
  read(): Promise<string | undefined>;
  /** Where it can be written; absent inside what is only read. */
  readonly path?: string;
}

const LOCK_BYTES_MAX = 16 * 1024 * 1024;

/** Beside a Dockerfile in a folder. */
export function lockBeside(dockerfile: string): LockPlace {
  const path = `${dockerfile}.lock`;
  const name = basename(path);
  return { name, path, read: async () => textOf(path, name) };
}

function textOf(path: string, name: string): string | undefined {
  try {
    if (statSync(path).size > LOCK_BYTES_MAX) throw unusable(name, 'it is too large for a lock');
    return readFileSync(path, 'utf8');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw errno === undefined ? error : unusable(name, errno, error);
  }
}

function unusable(name: string, reason: string, cause?: unknown): SlipwayError {
  return new SlipwayError('FILE_UNUSABLE', `failed to read lock file: open ${name}: ${reason}`, {
    hint: `${name} beside the Dockerfile is what "slipway build --lock" writes: make it readable, or remove it`,
    ...(cause === undefined ? {} : { cause }),
  });
}
