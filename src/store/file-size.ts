/** How long a file is, where it may not be there. */
import { stat } from 'node:fs/promises';
import { errnoOf } from '#core/errors.ts';
import { onDisk } from './disk-errors.ts';

/** Bytes, links followed; undefined where there is nothing. @throws PERMISSION, DISK_FAILED */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await onDisk(path, () => stat(path))).size;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
