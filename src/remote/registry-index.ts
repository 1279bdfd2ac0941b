/**
 * A registry asked as a whole: which repositories it has (`GET /v2/_catalog`, docker's, not of the
 * specification), and a search among them (`GET /v1/search`, docker's older protocol). Many
 * registries refuse the first and most lack the second.
 */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { DEFAULT_REGISTRY } from '#core/reference.ts';
import type { SearchResult } from '#core/search-result.ts';
import { type Connection, connect } from './connection.ts';
import { displayUrl, printable, registryError } from './errors.ts';
import { type Answer, readBounded } from './exchange.ts';
import { listNames, withPageSize } from './listing.ts';
import type { ListOptions } from './manifests.ts';
import { registryHost } from './registries/plan.ts';
import { type RemoteOptions, refuseBlocked } from './repository.ts';
import { DEFAULT_RETRY } from './retry.ts';
import { statusText } from './status-text.ts';
import { openTransport } from './transport.ts';

/** Disposing closes its connections. */
export interface RegistryIndex extends AsyncDisposable {
  /** The names that we may see, sorted by bytes. @throws UNAUTHORIZED, REGISTRY_REFUSED: it does not tell */
  catalog(options?: ListOptions): Promise<readonly string[]>;
  /**
   * Repositories that the registry finds for a term, in its order; where it cannot search, those of
   * the catalogue whose name has the term in it.
   */
  search(term: string, options?: ListOptions): Promise<readonly SearchResult[]>;
}

/** What docker asks for unless it is told otherwise, and what Docker Hub gives. */
const RESULTS_DEFAULT = 25;
const SEARCH_BYTES_MAX = 4 * 1024 * 1024;
/** Docker Hub's index is on a host of its own. */
const HUB_INDEX = 'https://index.docker.io/';
const HUB_HOST = 'registry-1.docker.io';

/** The registry has no such thing, or not for us. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 405, 410, 501]);

/** Opens no connection yet; mirrors are left out. @throws REGISTRY_BLOCKED */
export function openRegistryIndex(options: RemoteOptions): RegistryIndex {
  const { plan, origins } = options;
  refuseBlocked(plan);
  const transport = openTransport({ userAgent: 'slipway', ...(origins ? { origins } : {}) });
  const connection = connect(
    {
      ...options,
      plan: { ...plan, hosts: [registryHost(plan)] },
      retry: { ...DEFAULT_RETRY, ...options.retry },
    },
    transport.exchange,
  );
  const registry = {
    connection,
    name: plan.registry,
    hasCredentials: async () =>
      (await options.credentials?.find(plan.registry, plan.repository)) !== undefined,
  };
  return {
    catalog: async (list = {}) => {
      await introduce(registry, list.signal);
      return await listCatalog(registry, list);
    },
    search: async (term, list = {}) => {
      await introduce(registry, list.signal);
      return await search(registry, term, list);
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

interface Registry {
  readonly connection: Connection;
  readonly name: string;
  readonly hasCredentials: () => Promise<boolean>;
}

/** Who is known sees more: a registry that lists something for everybody never asks who we are. */
async function introduce(registry: Registry, signal: AbortSignal | undefined): Promise<void> {
  if (!(await registry.hasCredentials())) return;
  const answer = await get(registry.connection, registry.connection.endpoint.api, signal);
  await answer.discard();
}

async function listCatalog(
  registry: Registry,
  { limit, signal }: ListOptions,
): Promise<readonly string[]> {
  const { connection } = registry;
  return await listNames(withPageSize(new URL('_catalog', connection.endpoint.api), limit), {
    key: 'repositories',
    what: `the catalog of ${registry.name}`,
    limit,
    page: async (url) => {
      const answer = await get(connection, url, signal);
      if (answer.status === 200) return answer;
      throw await catalogRefused(answer, registry);
    },
  });
}

function get(connection: Connection, url: URL, signal: AbortSignal | undefined): Promise<Answer> {
  return connection.send({
    method: 'GET',
    url,
    scopes: ['registry:catalog:*'],
    isRepeatable: true,
    signal: connection.signal(signal),
  });
}

async function catalogRefused(answer: Answer, registry: Registry): Promise<Error> {
  const { name } = registry;
  const error = await registryError(answer, { action: 'pull', repository: name });
  if (!REFUSALS.has(answer.status)) return error;
  const isDenied = answer.status === 401 || answer.status === 403;
  const logIn =
    isDenied && !(await registry.hasCredentials()) ? `log in (slipway login ${name}), or ` : '';
  return new SlipwayError(
    isDenied ? 'UNAUTHORIZED' : 'REGISTRY_REFUSED',
    `${name} does not list its repositories: ${displayUrl(answer.url)} answers ${statusText(answer.status)}`,
    {
      hint:
        name === DEFAULT_REGISTRY
          ? 'Docker Hub lists them for nobody: find some by a word (slipway search WORD), or list the tags of one (slipway ls NAME)'
          : `${logIn}list the tags of one repository: slipway ls ${name}/NAME`,
      cause: error,
      detail: { status: answer.status },
    },
  );
}

async function search(
  registry: Registry,
  term: string,
  options: ListOptions,
): Promise<readonly SearchResult[]> {
  const { limit = RESULTS_DEFAULT, signal } = options;
  const { connection } = registry;
  const { base } = connection.endpoint;
  const url = new URL('v1/search', base.host === HUB_HOST ? HUB_INDEX : base);
  url.searchParams.set('q', term);
  url.searchParams.set('n', String(limit));
  const answer = await get(connection, url, signal);
  const found = await resultsIn(answer, registry.name);
  if (found) return found.slice(0, limit);
  return (await searchCatalog(registry, term, signal)).slice(0, limit);
}

/** Undefined where there is no search. */
async function resultsIn(
  answer: Answer,
  registry: string,
): Promise<readonly SearchResult[] | undefined> {
  if (REFUSALS.has(answer.status)) {
    await answer.discard();
    return undefined;
  }
  if (answer.status !== 200)
    throw await registryError(answer, { action: 'pull', repository: registry });
  const bytes = await readBounded(answer, SEARCH_BYTES_MAX);
  if (bytes === undefined) {
    const message = `what ${registry} finds is over ${SEARCH_BYTES_MAX} bytes`;
    throw new SlipwayError('REGISTRY_PROTOCOL', message, { hint: 'ask for less (--limit)' });
  }
  try {
    const top = new ObjectReader(parseJson(bytes, 'search result'), 'search result');
    return top.has('results') ? top.objects('results').map(decodeResult) : undefined;
  } catch (error) {
    // A page for browsers at every path is no search.
    if (isSlipwayError(error, 'JSON_INVALID')) return undefined;
    throw error;
  }
}

function decodeResult(result: ObjectReader): SearchResult {
  return {
    name: printable(result.string('name')),
    description: printable(result.optionalString('description') ?? ''),
    stars: result.optionalNumber('star_count') ?? 0,
    isOfficial: result.optionalBoolean('is_official') ?? false,
  };
}

async function searchCatalog(
  registry: Registry,
  term: string,
  signal: AbortSignal | undefined,
): Promise<readonly SearchResult[]> {
  try {
    const names = await listCatalog(registry, signal ? { signal } : {});
    const wanted = term.toLowerCase();
    return names
      .filter((name) => name.toLowerCase().includes(wanted))
      .map((name) => ({ name, description: '', stars: 0, isOfficial: false }));
  } catch (cause) {
    if (!isSlipwayError(cause, 'UNAUTHORIZED', 'REGISTRY_REFUSED')) throw cause;
    const { code, message, hint, detail } = cause;
    throw new SlipwayError(code, `${registry.name} has no search, and ${message}`, {
      ...(hint === undefined ? {} : { hint }),
      cause,
      detail,
    });
  }
}
