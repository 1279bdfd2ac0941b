/** From a request to its answer: route, permission, endpoint, and the words for what went wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SlipwayError } from '#core/errors.ts';
import { ANONYMOUS } from './auth/access.ts';
import type { Guard } from './auth/guard.ts';
import { requirementOf } from './auth/requirement.ts';
import { answer } from './endpoints/answer.ts';
import { noSuchEndpoint, type RegistryCall, type RegistryServices } from './endpoints/base.ts';
import { errorReply, isServerFault, Refusal } from './errors.ts';
import type { EventListener, RegistryEvent } from './operations/events.ts';
import type { PullThrough } from './proxy/pull-through.ts';
import { type Reply, send } from './reply.ts';
import { type RequestObserver, type RequestTrace, traceRequest } from './request-record.ts';
import { type Route, routeOf } from './router.ts';
import type { WebRoute } from './web/route.ts';
import { webEndpoint } from './web/web.ts';

export interface HandlerOptions {
  readonly services: RegistryServices;
  /** Refuse what writes. */
  readonly readOnly: boolean;
  /** Told of each request when it is over. */
  readonly observers: readonly RequestObserver[];
  /** Told of what happens to repositories. */
  readonly listeners: readonly EventListener[];
  /** A line for each fault of the server. */
  readonly log: ((line: string) => void) | undefined;
}

/** A request on its way to an endpoint. */
interface Asked {
  readonly call: RegistryCall;
  readonly trace: RequestTrace | undefined;
}

const DROP_REST_MS = 5000;
/** Made once: an abort without a reason builds an exception with a stack for each request. */
const CLIENT_GONE = new SlipwayError('CANCELLED', 'the client closed the connection');

/** One for the server's life: what requests share. */
export class RequestHandler {
  /** From then on every connection ends with its answer. */
  isClosing = false;
  readonly #options: HandlerOptions;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /** Answers one request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { observers, listeners } = this.#options;
    const isWatched = observers.length > 0 || listeners.length > 0;
    const trace = isWatched ? traceRequest(request, response, observers) : undefined;
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
      const reply = await this.#reply(request, response, { signal: gone.signal, trace });
      if (this.isClosing) response.setHeader('connection', 'close');
      await send(response, reply, { isHead });
    } catch (error) {
      this.#report(error, request, gone.signal);
      if (response.headersSent) response.destroy();
      else await send(response, errorReply(error), { isHead });
    }
    dropRest(request);
  }

  #reply(
    request: IncomingMessage,
    response: ServerResponse,
    { signal, trace }: { readonly signal: AbortSignal; readonly trace: RequestTrace | undefined },
  ): Promise<Reply> | Reply {
    const [path = '', query = ''] = split(request.url ?? '/');
    const route = routeOf(path);
    const { services, listeners } = this.#options;
    if (!route || (route.kind === 'web' && !services.hasPages)) throw noSuchEndpoint();
    if (trace) trace.endpoint = route.kind;
    if (route.kind !== 'token') this.#needAllowed(request.method ?? '');
    const call: RegistryCall = {
      ...services,
      method: request.method ?? '',
      query: new URLSearchParams(query),
      headers: request.headers,
      body: bodyOf(request),
      identity: ANONYMOUS,
      request,
      signal,
      ...(listeners.length > 0 && trace
        ? { notify: (event: RegistryEvent) => this.#notify(event, request, trace) }
        : {}),
    };
    // The pages show what is here.
    if (services.proxy && route.kind !== 'web') {
      return this.#proxied(services.proxy, route, { call, trace, response });
    }
    return this.#answered(route, { call, trace });
  }

  /** Nothing is waited for without a guard: a turn of the event loop shows at 20,000 requests a second. */
  #answered(route: Route, about: Asked): Promise<Reply> | Reply {
    const { guard } = this.#options.services;
    return guard ? this.#guarded(guard, route, about) : answer(route, about.call);
  }

  /** The same by the name under which the repository is kept: permissions are for that one. */
  async #proxied(
    proxy: PullThrough,
    route: Route,
    { call, trace, response }: Asked & { readonly response: ServerResponse },
  ): Promise<Reply> {
    const warn = (text: string): void => {
      response.setHeader('warning', `299 - "${text.replaceAll(/[^ -~]|["\\]/g, '?')}"`);
    };
    const provider = proxy.forRequest(call.headers.via, warn);
    if (!('name' in route))
      return await this.#answered(route, { call: { ...call, provider }, trace });
    const namespace = call.query.get('ns');
    const name = await proxy.place(route.name, namespace);
    if (namespace !== null) response.setHeader('oci-namespace', namespace);
    const placed = { ...call, provider, ...(name === route.name ? {} : { asked: route.name }) };
    return await this.#answered({ ...route, name }, { call: placed, trace });
  }

  /** What nobody may do here, whoever it is. */
  #needAllowed(method: string): void {
    const { readOnly, services } = this.#options;
    const isReading = method === 'GET' || method === 'HEAD';
    if (readOnly && !isReading) {
      throw new Refusal('UNSUPPORTED', 'the registry is read-only for the time being');
    }
    if (!services.deletes && method === 'DELETE') {
      throw new Refusal('UNSUPPORTED', 'this registry takes no DELETE (allow-delete: false)');
    }
  }

  async #guarded(guard: Guard, route: Route, { call, trace }: Asked): Promise<Reply> {
    if (route.kind === 'web') return await this.#page(guard, route.web, call);
    const requirement = requirementOf(route, call.method, call.asked);
    const identity = await guard.identify(call.request);
    if (trace) trace.user = identity.user;
    guard.need(requirement, identity, call.request);
    return await answer(route, { ...call, identity });
  }

  /** Wrong passwords are answered by a page, and by being asked again. */
  async #page(guard: Guard, route: WebRoute, call: RegistryCall): Promise<Reply> {
    try {
      const identity = await guard.identify(call.request);
      return await webEndpoint({ ...call, identity }, route, true);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'UNAUTHORIZED')) throw error;
      return await webEndpoint(call, route, false);
    }
  }

  #notify(event: RegistryEvent, { headers, socket, method }: IncomingMessage, trace: RequestTrace) {
    const origin = {
      requestId: trace.id,
      remoteAddress: socket.remoteAddress ?? '-',
      host: headers.host ?? '',
      method: method ?? '',
      userAgent: headers['user-agent'] ?? '',
      user: trace.user,
    };
    for (const listen of this.#options.listeners) listen(event, origin);
  }

  /** A client that left is no fault of ours; everything else unexplained is. */
  #report(error: unknown, request: IncomingMessage, signal: AbortSignal): void {
    if (signal.aborted || request.destroyed || !isServerFault(error)) return;
    const text =
      error instanceof Error && !(error instanceof Refusal) ? error.stack : String(error);
    this.#options.log?.(`error: ${request.method} ${request.url}: ${text}`);
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
