/**
 * What the operating system refuses, in words a user can act on. Only refusals that mean the same
 * wherever they happen are translated; ENOENT, EEXIST and the rest stay with who knows the context.
 */
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** Runs `work`, with its refusals translated. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, path);
  }
}

/** {@link onDisk} for synchronous work. */
export function onDiskSync<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, path);
  }
}

/** The error to throw instead of `cause`, met while using `path`. */
function diskError(cause: unknown, path: string): unknown {
  switch (errnoOf(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new SlipwayError('DISK_FULL', `write ${path}: no space left on device`, {
        hint: 'free space there, remove images with "slipway rmi", or choose another store with --root or SLIPWAY_ROOT',
        cause,
        detail: { path },
      });
    case 'EIO':
      return new SlipwayError('DISK_FAILED', `${path}: input/output error`, {
        hint: 'look at the disk and the kernel log; then "slipway system check" tells what is damaged',
        cause,
        detail: { path },
      });
    case 'EFBIG':
      return new SlipwayError('FILE_TOO_LARGE', `write ${path}: file too large`, {
        hint: 'FAT32 takes files of up to 4 GiB: cut an archive with "slipway save --volume-size 4G"; else look at "ulimit -f"',
        cause,
        detail: { path },
      });
    case 'EMFILE':
    case 'ENFILE':
      return new SlipwayError('TOO_MANY_FILES', `open ${path}: too many open files`, {
        hint: 'allow more with "ulimit -n", 64 at least',
        cause,
        detail: { path },
      });
    case 'EACCES':
    case 'EPERM':
      return new SlipwayError('PERMISSION', `open ${path}: permission denied`, {
        hint: 'run as the owner of that folder, or choose another store with --root or SLIPWAY_ROOT',
        cause,
        detail: { path },
      });
    case 'EROFS':
      return new SlipwayError('PERMISSION', `write ${path}: read-only file system`, {
        hint: 'mount it writable, or choose another store with --root or SLIPWAY_ROOT',
        cause,
        detail: { path },
      });
    default:
      return cause;
  }
}
