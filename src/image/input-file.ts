/** A file the user names to read from: there and readable, or said so in docker's words. */
import { access, constants } from 'node:fs/promises';
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** @throws FILE_MISSING, PERMISSION */
export async function needFile(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    if (errnoOf(cause) === 'EACCES') {
      throw new SlipwayError('PERMISSION', `open ${path}: permission denied`, {
        hint: 'make it readable for you, or run as its owner',
        cause,
        detail: { path },
      });
    }
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw new SlipwayError('FILE_MISSING', `open ${path}: no such file or directory`, {
      hint: 'check the path',
      cause,
      detail: { path },
    });
  }
}
