/** `--limit` of listings: how many names at most. */
import { SlipwayError } from '#core/errors.ts';

/** Nothing was said: no limit. @throws USAGE */
export function limitOption(text: string | undefined): { readonly limit?: number } {
  if (text === undefined) return {};
  if (/^[1-9]\d{0,8}$/.test(text)) return { limit: Number(text) };
  throw new SlipwayError(
    'USAGE',
    `invalid argument "${text}" for "-n, --limit" flag: not a number above 0`,
  );
}
