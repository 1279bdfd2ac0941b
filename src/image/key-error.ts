/** What is wrong with a key file: one sentence, and never a word of what is in it. */
import { SlipwayError } from '#core/errors.ts';

const HINT = 'make a pair: slipway generate-key-pair';

/** `what`: as the sentence goes on after the path. */
export function keyInvalid(
  path: string,
  what: string,
  { hint = HINT, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): SlipwayError {
  return new SlipwayError('KEY_INVALID', `${path} ${what}`, {
    hint,
    detail: { path },
    // The library's words may quote the file.
    ...(cause instanceof Error && 'code' in cause ? { cause: cause.code } : {}),
  });
}
