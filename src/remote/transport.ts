/**
 * The innermost Exchange: undici's connection pool. The only file of the project that knows undici.
 * It turns failures below HTTP into SlipwayErrors and nothing else; statuses are for those above.
 */
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { assert } from '#core/assert.ts';
import { SlipwayError } from '#core/errors.ts';
import { cancelledBy, transportError } from './errors.ts';
import type { Answer, Call, Exchange } from './exchange.ts';

/** A registry may hash or move a large blob before it answers the closing PUT. */
const HEADERS_TIMEOUT_MS = 5 * 60_000;
/** Silence within a body after which the connection counts as dead. */
const BODY_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 15_000;
/** Enough for every parallel transfer and the small requests between them. */
const CONNECTIONS_MAX = 16;
/** What is read and thrown away to keep a connection; longer bodies cost the connection instead. */
const DISCARD_BYTES_MAX = 256 * 1024;

export interface Transport extends AsyncDisposable {
  readonly exchange: Exchange;
}

/** Opens a pool; disposing closes its connections. */
export function openTransport(options: { readonly userAgent: string }): Transport {
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  const sender: Sender = { agent, answered: new Set(), ...options };
  return {
    exchange: (call) => exchangeOver(sender, call),
    [Symbol.asyncDispose]: async () => agent.destroy(),
  };
}

interface Sender {
  readonly agent: Agent;
  readonly userAgent: string;
  /** Origins that answered before. */
  readonly answered: Set<string>;
}

async function exchangeOver(sender: Sender, call: Call): Promise<Answer> {
  if (call.signal?.aborted) throw cancelledBy(call.signal);
  try {
    const response = await request(call.url, {
      dispatcher: sender.agent,
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
  } catch (cause) {
    throw failureOf(cause, call, sender);
  }
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
