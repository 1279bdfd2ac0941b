/**
 * The registry: HTTP in front of a provider (OCI distribution-spec 1.1). It routes, answers and
 * logs; what is stored, and where, is the provider's business, who may do what the guard's.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { assert } from '#core/assert.ts';
import { type AccessLogFormat, formatAccess } from './access-log.ts';
import { formatAddress, listenError, needProtection, parseListenAddress } from './address.ts';
import type { RegistryServices } from './endpoints/base.ts';
import { ManifestCache } from './manifest-cache.ts';
import type { EventListener } from './operations/events.ts';
import { RequestHandler } from './request-handler.ts';
import type { RequestObserver } from './request-record.ts';
import type { ServerTls } from './tls/server-tls.ts';

export interface ServeRegistryOptions
  extends Omit<RegistryServices, 'manifests' | 'deletes' | 'hasPages'> {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  readonly tls?: ServerTls;
  /** Refuse what writes. */
  readonly readOnly?: boolean;
  /** Take DELETE. Default: true. */
  readonly allowDelete?: boolean;
  /** Pages for browsers. Default: true. */
  readonly pages?: boolean;
  /** Listen where other machines can reach it, though TLS or the guard is missing. */
  readonly allowPublic?: boolean;
  /** What happens to repositories is told to these. */
  readonly listeners?: readonly EventListener[];
  /** A line per request in this form. */
  readonly accessLog?: AccessLogFormat;
  /** Takes the lines: requests, and faults of the server. */
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

/** Disposes nothing it was given. @throws ADDRESS_INVALID, ADDRESS_IN_USE, PERMISSION */
export async function serveRegistry(options: ServeRegistryOptions): Promise<RegistryServer> {
  const address = parseListenAddress(options.address);
  if (!options.allowPublic) {
    needProtection(address, { hasAuth: !!options.guard, hasTls: !!options.tls });
  }
  const handler = handlerOf(options);
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

function handlerOf(options: ServeRegistryOptions): RequestHandler {
  const { readOnly = false, accessLog, metrics, log } = options;
  const observers: RequestObserver[] = [];
  if (log && accessLog) observers.push((record) => log(formatAccess(record, accessLog)));
  const listeners = [...(options.listeners ?? [])];
  if (metrics) {
    observers.push((record) => metrics.observe(record));
    listeners.push(({ action }) => metrics.count(action));
  }
  return new RequestHandler({
    services: { ...servicesOf(options), manifests: new ManifestCache() },
    readOnly,
    observers,
    listeners,
    log,
  });
}

/** Each request's call is made of these: nothing else goes along. */
function servicesOf(options: ServeRegistryOptions): Omit<RegistryServices, 'manifests'> {
  const { provider, proxy, guard, authority, metrics, headroom, tagJudge, quota } = options;
  const { readOnly = false, allowDelete = true, pages = true } = options;
  return {
    provider,
    deletes: allowDelete && !readOnly,
    hasPages: pages,
    ...(proxy ? { proxy } : {}),
    ...(guard ? { guard } : {}),
    ...(authority === undefined ? {} : { authority }),
    ...(metrics ? { metrics } : {}),
    ...(headroom ? { headroom } : {}),
    ...(tagJudge ? { tagJudge } : {}),
    ...(quota ? { quota } : {}),
  };
}
