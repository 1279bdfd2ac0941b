/** What the system does not let us read of a build's input, as docker says it. */
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** PERMISSION for what Slipway may not read; any other cause as it is. */
export function unreadable(cause: unknown, path: string): unknown {
  return errnoOf(cause) === 'EACCES' ? mayNotRead(path, cause) : cause;
}

/** In docker's words, with what helps. */
export function mayNotRead(path: string, cause: unknown): SlipwayError {
  return new SlipwayError('PERMISSION', `error from sender: open ${path}: permission denied`, {
    cause,
    hint: 'make it readable for you, or leave it out with a line in .dockerignore',
    detail: { path },
  });
}
