/**
 * The innermost Exchange: undici's connection pools, one way of connecting per origin. It turns
 * failures below HTTP into SlipwayErrors and nothing else; statuses are for those above.
 */
import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { assert } from '#core/assert.ts';
import { SlipwayError } from '#core/errors.ts';
import { mayTrustMore, openDispatcher, type Trust } from './dispatchers.ts';
import { cancelledBy, isUnknownAuthority, transportError } from './errors.ts';
import type { Answer, Call, Exchange } from './exchange.ts';
import { type OriginLookup, type OriginSettings, PLAIN_ORIGIN } from './network.ts';

/** What is read and thrown away to keep a connection; longer bodies cost the connection instead. */
const DISCARD_BYTES_MAX = 256 * 1024;

export interface Transport extends AsyncDisposable {
  readonly exchange: Exchange;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Absent: certificates are verified by what Node and the machine trust, and no proxy is used. */
  readonly origins?: OriginLookup;
}

/** Opens pools when they are needed; disposing closes their connections. */
export function openTransport({
  userAgent,
  origins = async () => PLAIN_ORIGIN,
}: TransportOptions): Transport {
  const sender = new Sender(userAgent, origins);
  return {
    exchange: (call) => exchangeOver(sender, call),
    [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
  };
}

interface Line {
  readonly settings: OriginSettings;
  readonly trust: Trust;
  readonly dispatcher: Dispatcher;
}

class Sender implements AsyncDisposable {
  readonly userAgent: string;
  /** Origins that answered before. */
  readonly answered = new Set<string>();
  readonly #origins: OriginLookup;
  readonly #lines = new Map<string, Promise<Line>>();
  /** Shared by all origins that nothing is said about. */
  #plain: Dispatcher | undefined;

  constructor(userAgent: string, origins: OriginLookup) {
    this.userAgent = userAgent;
    this.#origins = origins;
  }

  line(url: URL): Promise<Line> {
    const known = this.#lines.get(url.origin);
    if (known) return known;
    const line = this.#open(url);
    this.#lines.set(url.origin, line);
    return line;
  }

  /** The same with the machine's authorities; several calls that failed at once share it. */
  async trustMachine(url: URL, { settings, dispatcher }: Line): Promise<void> {
    if ((await this.line(url)).trust === 'machine') return;
    const opened = openDispatcher(settings, 'machine');
    this.#lines.set(
      url.origin,
      Promise.resolve({ settings, trust: 'machine', dispatcher: opened }),
    );
    if (dispatcher !== this.#plain) await dispatcher.destroy();
  }

  async #open(url: URL): Promise<Line> {
    const settings = await this.#origins(url);
    const trust: Trust = settings.proxy && settings.verify ? 'machine' : 'node';
    const isPlain = settings.verify && !settings.client && !settings.proxy;
    if (!isPlain || settings.authorities.length > 0) {
      return { settings, trust, dispatcher: openDispatcher(settings, trust) };
    }
    this.#plain ??= openDispatcher(PLAIN_ORIGIN, 'node');
    return { settings, trust, dispatcher: this.#plain };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const lines = await Promise.allSettled(this.#lines.values());
    const opened = lines.flatMap((line) =>
      line.status === 'fulfilled' ? [line.value.dispatcher] : [],
    );
    const all = new Set([...opened, ...(this.#plain ? [this.#plain] : [])]);
    await Promise.all([...all].map((dispatcher) => dispatcher.destroy()));
  }
}

async function exchangeOver(sender: Sender, call: Call): Promise<Answer> {
  if (call.signal?.aborted) throw cancelledBy(call.signal);
  const line = await sender.line(call.url);
  try {
    return await send(sender, line, call);
  } catch (cause) {
    if (!isUnknownAuthority(cause) || !mayTrustMore(line.settings, line.trust)) {
      throw failureOf(cause, call, sender);
    }
  }
  // Nothing was sent: the handshake comes first.
  await sender.trustMachine(call.url, line);
  try {
    return await send(sender, await sender.line(call.url), call);
  } catch (cause) {
    throw failureOf(cause, call, sender);
  }
}

async function send(sender: Sender, { dispatcher }: Line, call: Call): Promise<Answer> {
  const response = await request(call.url, {
    dispatcher,
    method: call.method,
    headers: { 'user-agent': sender.userAgent, ...lengthOf(call), ...call.headers },
    body: bodyOf(call),
    ...(call.signal ? { signal: call.signal } : {}),
  });
  const { body } = response;
  sender.answered.add(call.url.origin);
  return {
    status: response.statusCode,
    headers: response.headers,
    url: call.url,
    body: translated(body, call, sender),
    discard: () => body.dump({ limit: DISCARD_BYTES_MAX }).catch(() => {}),
  };
}

function lengthOf({ body }: Call): Record<string, string> {
  if (body?.kind === 'stream' && body.sizeBytes !== undefined) {
    return { 'content-length': String(body.sizeBytes) };
  }
  return {};
}

function bodyOf({ body, method }: Call): Uint8Array | Readable | null {
  if (body === undefined) return null;
  assert(method !== 'GET' && method !== 'HEAD', 'only a request that changes something has a body');
  return body.kind === 'bytes' ? body.bytes : Readable.from(body.open(), { highWaterMark: 1 });
}

async function* translated(
  body: AsyncIterable<Uint8Array>,
  call: Call,
  sender: Sender,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw failureOf(cause, call, sender);
  }
}

/** Errors of the body's own source are passed on as they are: they are not the network's. */
function failureOf(cause: unknown, call: Call, { answered }: Sender): SlipwayError {
  if (cause instanceof SlipwayError) return cause;
  if (call.signal?.aborted) return cancelledBy(call.signal);
  const { method, url } = call;
  return transportError(cause, { method, url, hasAnswered: answered.has(url.origin) });
}
