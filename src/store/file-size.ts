/** How long a file is, where it may not be there. */
import { statSync } from 'node:fs';
import { errnoOf } from '#core/errors.ts';
import { onDiskSync } from './disk-errors.ts';

/**
 * Bytes, links followed; undefined where there is nothing. It blocks: the thread pool takes ten times as long
 * to answer, and a build asks often. @throws PERMISSION, DISK_FAILED
 */
export function fileSize(path: string): number | undefined {
  try {
    return onDiskSync(path, () => statSync(path, { throwIfNoEntry: false }))?.size;
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
