/** The next page's address in a Link header (RFC 8288, distribution-spec §Listing tags). */
import { SlipwayError } from '#core/errors.ts';
import { resolveLocation } from './redirects.ts';

const NEXT = /<([^>]*)>\s*;[^,]*\brel\s*=\s*"?next"?/i;

/** Undefined on the last page. @throws REGISTRY_PROTOCOL when it leads to another host */
export function nextPage(header: string | undefined, from: URL): URL | undefined {
  const target = NEXT.exec(header ?? '')?.[1];
  if (target === undefined) return undefined;
  const url = resolveLocation(target, from);
  if (url.origin === from.origin) return url;
  throw new SlipwayError('REGISTRY_PROTOCOL', `the next page of a list is on ${url.host}`);
}
