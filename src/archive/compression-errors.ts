/** What is wrong with compressed data, as one error for all codecs. */
import { SlipwayError } from '#core/errors.ts';

/** ARCHIVE_INVALID: damaged or cut. `problem` goes into the details. */
export function damagedCompression(codec: string, problem: string, cause?: unknown): SlipwayError {
  return new SlipwayError('ARCHIVE_INVALID', `damaged compressed data (${codec})`, {
    hint: 'fetch or make the archive again',
    ...(cause === undefined ? {} : { cause }),
    detail: { codec, problem },
  });
}
