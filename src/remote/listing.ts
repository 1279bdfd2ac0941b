/**
 * Lists of names that come page by page: tags, and the catalogue of a registry
 * (distribution-spec §Listing tags; Link headers, RFC 8288). A registry that goes round in a circle
 * or never ends is told from a long list, and names that could steer a terminal are refused.
 */
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { type Answer, headerOf, readBounded } from './exchange.ts';
import { nextPage } from './link.ts';

/** A million names of usual length; all pages together. */
const LIST_BYTES_MAX = 64 * 1024 * 1024;
/** What registries give at once at most, unless they are configured otherwise. */
const PAGE_NAMES_MAX = 1000;
/** Also of a registry that sends pages without names. */
const PAGES_MAX = 10_000;
const NAME = /^[\x21-\x7e]{1,512}$/;

export interface NameList {
  /** Where the names are in each page. */
  readonly key: 'tags' | 'repositories';
  /** For messages: `the list of tags`. */
  readonly what: string;
  /** No more pages are asked for than that takes. */
  readonly limit?: number | undefined;
  /** The page, or why there is none. */
  readonly page: (url: URL) => Promise<Answer>;
}

/** Sorted by bytes, since not every registry does. @throws REGISTRY_PROTOCOL, JSON_INVALID */
export async function listNames(first: URL, list: NameList): Promise<readonly string[]> {
  const { limit = Number.POSITIVE_INFINITY, what } = list;
  const names = new Set<string>();
  const seen = new Set<string>();
  let bytesLeft = LIST_BYTES_MAX;
  let url: URL | undefined = first;
  while (url !== undefined && names.size < limit) {
    if (seen.has(url.href)) throw endless(`${what} goes round in a circle`);
    if (seen.size === PAGES_MAX) throw endless(`${what} has over ${PAGES_MAX} pages`);
    seen.add(url.href);
    const answer = await list.page(url);
    const bytes = await readBounded(answer, bytesLeft);
    if (bytes === undefined) throw endless(`${what} is over ${LIST_BYTES_MAX} bytes`);
    bytesLeft -= bytes.byteLength;
    for (const name of namesIn(bytes, list)) names.add(name);
    url = nextPage(headerOf(answer, 'link'), url);
  }
  return [...names].sort().slice(0, limit);
}

/** As many as are wanted, where it is said how many. */
export function withPageSize(url: URL, limit: number | undefined): URL {
  if (limit === undefined) return url;
  const sized = new URL(url);
  sized.searchParams.set('n', String(Math.min(limit, PAGE_NAMES_MAX)));
  return sized;
}

function namesIn(bytes: Uint8Array, { key, what }: NameList): readonly string[] {
  const names = new ObjectReader(parseJson(bytes, what), what).strings(key);
  const bad = names.find((name) => !NAME.test(name));
  if (bad === undefined) return names;
  const shown = JSON.stringify(bad.slice(0, 64));
  throw new SlipwayError('REGISTRY_PROTOCOL', `${what} holds what is no name: ${shown}`);
}

function endless(message: string): SlipwayError {
  return new SlipwayError('REGISTRY_PROTOCOL', message, {
    hint: 'the registry does not end its list as it should: ask for its beginning only (--limit)',
  });
}
