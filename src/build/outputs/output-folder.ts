/** The folder that files of a build go into. */
import { mkdir } from 'node:fs/promises';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { onDisk } from '#store/disk-errors.ts';

/** Makes it with its parents where it is missing. @throws FILE_UNUSABLE, PERMISSION, DISK_FULL */
export async function makeOutputFolder(folder: string): Promise<void> {
  try {
    await onDisk(folder, () => mkdir(folder, { recursive: true }));
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno !== 'EEXIST' && errno !== 'ENOTDIR') throw cause;
    throw new SlipwayError('FILE_UNUSABLE', `destination ${folder} is not a directory`, {
      hint: 'name a folder, which need not exist, with dest=',
      cause,
      detail: { path: folder },
    });
  }
}
