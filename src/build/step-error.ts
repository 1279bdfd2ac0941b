/** Points an error at its place in the Dockerfile: whatever fails in a step shows where it stands. */
import { SlipwayError } from '#core/errors.ts';
import type { Range } from '#core/source.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';

export interface ErrorPlace {
  readonly range: Range;
}

/** The error with `source` and `range` in its detail; one that has a place already passes as it is. */
export function withPlace(error: unknown, dockerfile: Dockerfile, { range }: ErrorPlace): unknown {
  if (!(error instanceof SlipwayError) || error.detail.range !== undefined) return error;
  if (error.code === 'CANCELLED') return error;
  const { code, message, hint, cause, detail } = error;
  return new SlipwayError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
    detail: { ...detail, source: dockerfile.file, range },
  });
}

/** Runs something about one place; its error points there. */
export function atPlace<T>(dockerfile: Dockerfile, place: ErrorPlace, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withPlace(error, dockerfile, place);
  }
}

/** The same for what takes time. */
export async function atPlaceAsync<T>(
  dockerfile: Dockerfile,
  place: ErrorPlace,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withPlace(error, dockerfile, place);
  }
}
