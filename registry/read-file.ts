/** A file that the configuration names, read whole. */
import { readFileSync } from 'node:fs';
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** @throws FILE_MISSING in words, whatever the system says */
export function readNamedFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    throw new SlipwayError('FILE_MISSING', `${path} cannot be read`, {
      hint: 'check the path and who may read it',
      cause,
    });
  }
}
