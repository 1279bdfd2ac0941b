/** The catalogue of repositories: `GET /v2/_catalog`, and `GET /v1/search`, which `docker search` asks. */
import type { Page } from '../provider.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { needMethod, type RegistryCall } from './base.ts';
import { cut, nextLink, pageIn } from './paging.ts';

const CATALOG_LIMIT = 1000;
const SEARCH_LIMIT = 25;
const SEARCH_LIMIT_MAX = 100;

export async function catalogEndpoint(call: RegistryCall): Promise<Reply> {
  needMethod(call, 'GET', 'HEAD');
  const { last: after, limit } = pageIn(call.query, CATALOG_LIMIT);
  const found = await visibleRepositories(call, { last: after, limit: limit + 1 });
  const { items, last } = cut(found, limit);
  const headers = last === undefined ? {} : nextLink('/v2/_catalog', { last, limit });
  return jsonReply({ repositories: items }, { headers });
}

/** A page of the names that the client may pull; those it may not pull are not even named. */
export async function visibleRepositories(
  call: RegistryCall,
  page: Page,
): Promise<readonly string[]> {
  const { guard, identity } = call;
  if (!guard) return await call.provider.catalog(page);
  const names: string[] = [];
  let { last } = page;
  while (names.length < page.limit && !call.signal.aborted) {
    const found = await call.provider.catalog({ last, limit: page.limit });
    names.push(...found.filter((repository) => guard.maySee(identity, repository)));
    last = found.at(-1);
    if (found.length < page.limit) break;
  }
  return names.slice(0, page.limit);
}

/** docker asks this before it searches a registry of its own. */
export function pingV1Endpoint(call: RegistryCall): Reply {
  needMethod(call, 'GET', 'HEAD');
  return jsonReply({ standalone: true }, { headers: { 'x-docker-registry-version': '0.9' } });
}

/** Names that contain `q`, in the shape of docker's index. */
export async function searchEndpoint(call: RegistryCall): Promise<Reply> {
  needMethod(call, 'GET', 'HEAD');
  const query = (call.query.get('q') ?? '').toLowerCase();
  const limit = positive(call.query.get('n'), SEARCH_LIMIT, SEARCH_LIMIT_MAX);
  const page = positive(call.query.get('page'), 1, Number.MAX_SAFE_INTEGER);
  const names = await matching(call, query);
  return jsonReply({
    query: call.query.get('q') ?? '',
    num_results: names.length,
    num_pages: Math.ceil(names.length / limit),
    page,
    page_size: limit,
    results: names.slice((page - 1) * limit, page * limit).map((name) => ({
      name,
      description: '',
      star_count: 0,
      is_official: false,
      is_automated: false,
    })),
  });
}

async function matching(call: RegistryCall, query: string): Promise<readonly string[]> {
  const names: string[] = [];
  let last: string | undefined;
  do {
    const page = await visibleRepositories(call, { last, limit: CATALOG_LIMIT });
    names.push(...page.filter((name) => name.includes(query)));
    last = page.length === CATALOG_LIMIT ? page.at(-1) : undefined;
  } while (last !== undefined && !call.signal.aborted);
  return names;
}

/** docker sends what the user typed; nonsense counts as not said. */
function positive(text: string | null, fallback: number, max: number): number {
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Math.min(Number(text), max) : fallback;
}
