/**
 * The registry: HTTP in front of a provider (OCI distribution-spec 1.1). It routes, answers and
 * logs; what is stored, and where, is the provider's business, who may do what the guard's.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { assert } from '#core/assert.ts';
import { SlipwayError } from '#core/errors.ts';
import { logAccess } from './access-log.ts';
import { formatAddress, listenError, needProtection, parseListenAddress } from './address.ts';
import { ANONYMOUS } from './auth/access.ts';
import type { Guard } from './auth/guard.ts';
import { requirementOf } from './auth/requirement.ts';
import {
  authorityEndpoint,
  baseEndpoint,
  healthEndpoint,
  noSuchEndpoint,
  type RegistryCall,
} from './endpoints/base.ts';
import { blobEndpoint } from './endpoints/blobs.ts';
import { catalogEndpoint, pingV1Endpoint, searchEndpoint } from './endpoints/catalog.ts';
import { manifestEndpoint } from './endpoints/manifests.ts';
import { referrersEndpoint } from './endpoints/referrers.ts';
import { tagsEndpoint } from './endpoints/tags.ts';
import { tokenEndpoint } from './endpoints/token.ts';
import { uploadEndpoint, uploadsEndpoint } from './endpoints/uploads.ts';
import { errorReply, isServerFault, Refusal } from './errors.ts';
import { ManifestCache } from './manifest-cache.ts';
import type { RegistryProvider } from './provider.ts';
import { type Reply, send } from './reply.ts';
import { type Route, routeOf } from './router.ts';
import type { ServerTls } from './tls/server-tls.ts';

export interface ServeRegistryOptions {
  /** Not disposed by the server. */
  readonly provider: RegistryProvider;
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  readonly tls?: ServerTls;
  /** The certificate authority of our own, PEM, for clients to fetch. */
  readonly authority?: string;
  /** Refuse what writes. */
  readonly readOnly?: boolean;
  /** Take DELETE. Default: true. */
  readonly allowDelete?: boolean;
  /** Listen where other machines can reach it, though TLS or the guard is missing. */
  readonly allowPublic?: boolean;
  /** Who may do what. Absent: everybody everything. */
  readonly guard?: Guard;
  /** One line per request, and one per fault of the server. */
  readonly log?: (line: string) => void;
  /** How long disposing waits for requests in progress before it cuts them. Default: 10 seconds. */
  readonly closeGraceMs?: number;
}

/** Disposing lets requests in progress finish, within the grace period. */
export interface RegistryServer extends AsyncDisposable {
  /** Where it listens: `127.0.0.1:5000`. */
  readonly address: string;
}

const CLOSE_GRACE_MS = 10_000;
/** docker and proxies keep connections for a minute; shorter than that races with their next request. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_TIMEOUT_MS = 60_000;
/** Silence on a connection, in either direction. An upload may take hours, but not pause for long. */
const SILENCE_TIMEOUT_MS = 10 * 60_000;
const CONNECTIONS_MAX = 4096;
const DROP_REST_MS = 5000;
/** Made once: an abort without a reason builds an exception with a stack for each request. */
const CLIENT_GONE = new SlipwayError('CANCELLED', 'the client closed the connection');

/** @throws ADDRESS_INVALID, ADDRESS_IN_USE, PERMISSION */
export async function serveRegistry(options: ServeRegistryOptions): Promise<RegistryServer> {
  const address = parseListenAddress(options.address);
  if (!options.allowPublic) {
    needProtection(address, { hasAuth: !!options.guard, hasTls: !!options.tls });
  }
  const handler = new RequestHandler(options);
  const stack = new AsyncDisposableStack();
  const server = listener(options, handler, stack);
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(SILENCE_TIMEOUT_MS);
  server.listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    await stack.disposeAsync();
    throw listenError(cause, address);
  }
  stack.defer(() => close(server, handler, options.closeGraceMs ?? CLOSE_GRACE_MS));
  return {
    address: boundAddress(server),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const SERVER_OPTIONS = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  headersTimeout: HEADERS_TIMEOUT_MS,
  // Bounds the whole request, however large: SILENCE_TIMEOUT_MS does what is meant.
  requestTimeout: 0,
  noDelay: true,
} as const;

function listener(
  { tls, log }: ServeRegistryOptions,
  handler: RequestHandler,
  stack: AsyncDisposableStack,
): Server {
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void handler.handle(request, response);
  if (!tls) return createServer(SERVER_OPTIONS, handle);
  const server = createSecureServer({ ...SERVER_OPTIONS, ...tls.options }, handle);
  stack.use(tls.watch(server, log));
  return server;
}

function boundAddress(server: Server): string {
  const bound = server.address();
  assert(bound !== null && typeof bound === 'object', 'a TCP server that listens has an address');
  return formatAddress(bound.address, bound.port);
}

async function close(server: Server, handler: RequestHandler, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  handler.isClosing = true;
  server.close();
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(deadline);
}

/** One for the server's life: what requests share. */
class RequestHandler {
  /** From then on every connection ends with its answer. */
  isClosing = false;
  readonly #provider: RegistryProvider;
  readonly #log: ((line: string) => void) | undefined;
  readonly #guard: Guard | undefined;
  readonly #authority: { readonly authority?: string };
  readonly #limits: Required<Pick<ServeRegistryOptions, 'readOnly' | 'allowDelete'>>;
  readonly #manifests = new ManifestCache();

  constructor(options: ServeRegistryOptions) {
    const { provider, guard, log, readOnly = false, allowDelete = true } = options;
    this.#guard = guard;
    this.#authority = options.authority === undefined ? {} : { authority: options.authority };
    this.#limits = { readOnly, allowDelete };
    this.#provider = provider;
    this.#log = log;
  }

  /** Answers one request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#log) logAccess(request, response, this.#log);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(CLIENT_GONE);
    });
    const path = request.url ?? '/';
    if (path.startsWith('/v2')) {
      response.setHeader('docker-distribution-api-version', 'registry/2.0');
    }
    // Kept alive, the connection would hold up the end of the server.
    response.once('finish', () => {
      if (this.isClosing) request.socket.end();
    });
    const isHead = request.method === 'HEAD';
    try {
      const reply = await this.#reply(request, gone.signal);
      if (this.isClosing) response.setHeader('connection', 'close');
      await send(response, reply, { isHead });
    } catch (error) {
      this.#report(error, request, gone.signal);
      if (response.headersSent) response.destroy();
      else await send(response, errorReply(error), { isHead });
    }
    dropRest(request);
  }

  #reply(request: IncomingMessage, signal: AbortSignal): Promise<Reply> | Reply {
    const [path = '', query = ''] = split(request.url ?? '/');
    const route = routeOf(path);
    if (!route) throw noSuchEndpoint();
    if (route.kind !== 'token') this.#needAllowed(request.method ?? '');
    const call = {
      method: request.method ?? '',
      query: new URLSearchParams(query),
      headers: request.headers,
      body: bodyOf(request),
      provider: this.#provider,
      manifests: this.#manifests,
      identity: ANONYMOUS,
      ...this.#authority,
      request,
      signal,
    };
    // Nothing of this for those without a guard: a turn of the event loop shows at 20,000 requests a second.
    const guard = this.#guard;
    return guard ? this.#guarded(guard, route, call) : answer(route, call);
  }

  /** What nobody may do here, whoever it is. */
  #needAllowed(method: string): void {
    const { readOnly, allowDelete } = this.#limits;
    const isReading = method === 'GET' || method === 'HEAD';
    if (readOnly && !isReading) {
      throw new Refusal('UNSUPPORTED', 'the registry is read-only for the time being');
    }
    if (!allowDelete && method === 'DELETE') {
      throw new Refusal('UNSUPPORTED', 'this registry takes no DELETE (allow-delete: false)');
    }
  }

  async #guarded(guard: Guard, route: Route, call: RegistryCall): Promise<Reply> {
    const requirement = requirementOf(route, call.method);
    const identity = await guard.identify(call.request);
    guard.need(requirement, identity, call.request);
    return await answer(route, { ...call, guard, identity });
  }

  /** A client that left is no fault of ours; everything else unexplained is. */
  #report(error: unknown, request: IncomingMessage, signal: AbortSignal): void {
    if (signal.aborted || request.destroyed || !isServerFault(error)) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log?.(`error: ${request.method} ${request.url}: ${text}`);
  }
}

/** An endpoint that stops reading must not take the connection along: its answer goes out on it. */
function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/**
 * What a refused request still sends is thrown away for a moment, so that its client reads the
 * answer instead of meeting a reset; one that goes on sending is cut off.
 */
function dropRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const deadline = setTimeout(() => request.destroy(), DROP_REST_MS);
  request.once('close', () => clearTimeout(deadline));
  request.resume();
}

/** At the first question mark. */
function split(url: string): readonly string[] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url] : [url.slice(0, mark), url.slice(mark + 1)];
}

function answer(route: Route, call: RegistryCall): Promise<Reply> | Reply {
  switch (route.kind) {
    case 'base':
      return baseEndpoint(call);
    case 'authority':
      return authorityEndpoint(call);
    case 'token':
      return tokenEndpoint(call);
    case 'health':
      return healthEndpoint(call);
    case 'ping-v1':
      return pingV1Endpoint(call);
    case 'catalog':
      return catalogEndpoint(call);
    case 'search':
      return searchEndpoint(call);
    case 'tags':
      return tagsEndpoint(call, route.name);
    case 'referrers':
      return referrersEndpoint(call, route);
    case 'manifest':
      return manifestEndpoint(call, route);
    case 'blob':
      return blobEndpoint(call, route);
    case 'uploads':
      return uploadsEndpoint(call, route.name);
    case 'upload':
      return uploadEndpoint(call, route);
  }
}
