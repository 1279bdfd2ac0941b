/**
 * Failures of work on folders, in one wording for the native helper and its TypeScript twins: a system
 * call that failed, a file that changed, a warning about something left out.
 */
import { constants } from 'node:os';
import { displayPath } from '#archive/entry-path.ts';
import type { ByteString } from '#core/bytes.ts';
import { type ErrorCode, errnoOf, SlipwayError } from '#core/errors.ts';

export const XATTR_LEFT_OUT = "an attribute with '=' in its name does not fit into a tar: left out";

/** Something left out that the caller may want to tell its user about; never a failure. */
export interface FolderWarning {
  readonly message: string;
  /** Relative to the folder. */
  readonly path: ByteString;
}

/** A failed system call. `path`: relative to the folder, or as the caller named it. */
export interface SystemFailure {
  /** `ENOENT` … */
  readonly errno: string;
  readonly call: string;
  readonly path: string;
  readonly cause?: unknown;
}

const FREE_SPACE =
  'free space there, remove images with "slipway rmi", or choose another store with --root or SLIPWAY_ROOT';

const BY_ERRNO: Readonly<Record<string, { code: ErrorCode; what: string; hint: string }>> = {
  ENOSPC: { code: 'DISK_FULL', what: 'no space left on device', hint: FREE_SPACE },
  EDQUOT: { code: 'DISK_FULL', what: 'disk quota exceeded', hint: FREE_SPACE },
  EACCES: {
    code: 'PERMISSION',
    what: 'permission denied',
    hint: 'check who may read or write it',
  },
  EPERM: {
    code: 'PERMISSION',
    what: 'operation not permitted',
    hint: 'check who may read or write it',
  },
  ENOENT: { code: 'FILE_MISSING', what: 'no such file or directory', hint: 'check the path' },
  ENOTDIR: { code: 'FILE_UNUSABLE', what: 'not a directory', hint: 'name a folder' },
  EISDIR: { code: 'FILE_UNUSABLE', what: 'is a directory', hint: 'name a file' },
  ESPIPE: { code: 'FILE_UNUSABLE', what: 'not a regular file', hint: 'name a file' },
  ELOOP: {
    code: 'FILE_UNUSABLE',
    what: 'too many levels of symbolic links',
    hint: 'name the file itself',
  },
  EMFILE: {
    code: 'FILE_UNUSABLE',
    what: 'too many open files',
    hint: 'raise the limit of open files (ulimit -n)',
  },
};

/** As the error the user sees; a call that nobody foresaw becomes HELPER_FAILED. */
export function systemError(failure: SystemFailure): SlipwayError {
  const known = BY_ERRNO[failure.errno];
  const message = `${failure.call} ${displayPath(failure.path)}: ${known?.what ?? failure.errno}`;
  return new SlipwayError(known?.code ?? 'HELPER_FAILED', message, {
    hint: known?.hint ?? 'this file system refuses what a layer needs',
    detail: { errno: failure.errno, call: failure.call, path: displayPath(failure.path) },
    ...(failure.cause === undefined ? {} : { cause: failure.cause }),
  });
}

/** Runs a step on `path`; what Node throws for a failed system call becomes a SlipwayError. */
export function onPath<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined || cause instanceof SlipwayError) throw cause;
    const call =
      cause instanceof Error && 'syscall' in cause && typeof cause.syscall === 'string'
        ? cause.syscall
        : 'access';
    throw systemError({ errno, call, path, cause });
  }
}

export function changedFile(path: string): SlipwayError {
  return new SlipwayError(
    'FILE_CHANGED',
    `${displayPath(path)}: the file changed while it was read`,
    { hint: 'try again when nothing writes to it', detail: { path: displayPath(path) } },
  );
}

export function refusedEntry(message: string, path: string): SlipwayError {
  return new SlipwayError('ENTRY_REFUSED', `${displayPath(path)}: ${message}`, {
    detail: { path: displayPath(path) },
  });
}

/** An owner, `uid:gid`, that the user namespace does not have. */
export function unmappedOwner(owner: string, path: string): SlipwayError {
  return new SlipwayError(
    'OWNER_UNMAPPED',
    `${displayPath(path)}: owner ${owner} is not mapped into this user namespace`,
    {
      hint: 'give your user ids of its own, as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER; slipway doctor looks whether it is enough',
      detail: { owner, path: displayPath(path) },
    },
  );
}

/** The name of an errno number of this machine. */
export function errnoName(number: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === number);
  return found?.[0] ?? `errno ${number}`;
}
