/** `n` and `last` (distribution-spec §Listing tags): a window, and the Link to the next one. */
import { Refusal } from '../errors.ts';
import type { Page } from '../provider.ts';

/** The window asked for; `fallback` limits when the client does not. @throws Refusal */
export function pageIn(query: URLSearchParams, fallback: number): Page {
  const n = query.get('n');
  const last = query.get('last') ?? undefined;
  if (n === null) return { last, limit: fallback };
  if (!/^\d{1,9}$/.test(n)) {
    throw new Refusal('UNSUPPORTED', `n must be a whole number, not ${JSON.stringify(n)}`, {
      status: 400,
    });
  }
  return { last, limit: Math.min(Number(n), fallback) };
}

/** The Link header towards what follows `last`. */
export function nextLink(
  path: string,
  page: { readonly last: string; readonly limit: number },
): {
  readonly link: string;
} {
  const query = new URLSearchParams({ last: page.last, n: String(page.limit) });
  return { link: `<${path}?${query}>; rel="next"` };
}

/** The first `limit` items, and the last of them when more follow. `items` holds one more if so. */
export function cut(
  items: readonly string[],
  limit: number,
): { readonly items: readonly string[]; readonly last: string | undefined } {
  const shown = items.slice(0, limit);
  return { items: shown, last: items.length > limit ? shown.at(-1) : undefined };
}
