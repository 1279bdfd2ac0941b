/** What a named context could not give, as an error about that context. */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';

/** In words about the context, with its own cause and fix. */
export function contextFailure(name: string, error: unknown): unknown {
  if (!isSlipwayError(error) || error.kind === 'cancelled') return error;
  const { code, message, hint, detail, cause } = error;
  return new SlipwayError(code, `failed to get build context ${name}: ${message}`, {
    detail,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
