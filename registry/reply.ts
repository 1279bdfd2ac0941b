/** An answer as a value, and how it is put on the wire. Endpoints make replies; only this file writes. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

export interface Reply {
  readonly status: number;
  /** Lower-case names; an array repeats the header. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A stream needs its exact `content-length` among the headers. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** JSON with the given media type. */
export function jsonReply(
  document: unknown,
  options: {
    readonly mediaType?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Reply {
  return {
    status: 200,
    headers: {
      'content-type': options.mediaType ?? 'application/json; charset=utf-8',
      ...options.headers,
    },
    body: JSON.stringify(document),
  };
}

/**
 * Sends it; a HEAD request gets the headers alone. A stream that fails cuts the connection, unless it had
 * not begun: then nothing was sent, and another answer can be.
 */
export async function send(
  response: ServerResponse,
  reply: Reply,
  { isHead }: { readonly isHead: boolean },
): Promise<void> {
  const { body } = reply;
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  response.statusCode = reply.status;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = Buffer.from(body ?? '');
    if (!response.hasHeader('content-length') && reply.status !== 204 && reply.status !== 304) {
      response.setHeader('content-length', String(bytes.byteLength));
    }
    response.end(isHead ? undefined : bytes);
    return;
  }
  if (isHead) {
    response.end();
    return;
  }
  try {
    await sendStream(response, body, Number(response.getHeader('content-length')));
  } catch (error) {
    if (response.headersSent) response.destroy();
    else for (const name of Object.keys(reply.headers ?? {})) response.removeHeader(name);
    throw error;
  }
}

const CLOSED = new Error('the connection was closed');

/** Reads one chunk ahead of the network, so that disk and socket work at the same time; no more. */
async function sendStream(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  const closed = new AbortController();
  response.once('close', () => closed.abort(CLOSED));
  let left = sizeBytes;
  try {
    let ahead = next(chunks);
    for (;;) {
      const { done, value } = await ahead;
      if (done) break;
      ahead = next(chunks);
      left -= value.byteLength;
      if (!response.write(value)) await once(response, 'drain', { signal: closed.signal });
      if (closed.signal.aborted) return;
    }
    // On a connection kept alive, the client would take the next answer for the rest of this one.
    if (left !== 0) throw new Error(`a body of ${sizeBytes} bytes ended ${left} bytes early`);
    response.end();
  } catch (error) {
    if (!closed.signal.aborted) throw error;
  } finally {
    await chunks.return?.();
  }
}

/** A chunk asked for ahead may fail before anybody waits for it; whoever waits still hears of it. */
function next(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  const promise = chunks.next();
  promise.catch(() => {});
  return promise;
}
