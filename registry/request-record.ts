/** What is known of a request once it is over: for logs and figures, which only look. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from './router.ts';

export interface RequestRecord {
  /** Of the client where it sent one, else ours; in the answer's `X-Request-Id`, too. */
  readonly id: string;
  readonly remoteAddress: string;
  readonly method: string;
  readonly url: string;
  /** What the path named; undefined: nothing. */
  readonly endpoint: Route['kind'] | undefined;
  /** Undefined: nobody signed in. */
  readonly user: string | undefined;
  readonly status: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly userAgent: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** True when the client went away before the answer was out. */
  readonly isAborted: boolean;
}

export type RequestObserver = (record: RequestRecord) => void;

/** What is found out while the request is answered. */
export interface RequestTrace {
  readonly id: string;
  endpoint: Route['kind'] | undefined;
  user: string | undefined;
}

/** One process, one prefix: what follows only counts. */
const PREFIX = randomBytes(6).toString('hex');
let requests = 0;

/** Tells the observers once the response is over, however it ended. */
export function traceRequest(
  request: IncomingMessage,
  response: ServerResponse,
  observers: readonly RequestObserver[],
): RequestTrace {
  const trace: RequestTrace = { id: idOf(request), endpoint: undefined, user: undefined };
  const startedAt = new Date();
  const startedAtMs = performance.now();
  const { socket } = request;
  const sentBefore = socket.bytesWritten;
  const receivedBefore = socket.bytesRead;
  const remoteAddress = socket.remoteAddress ?? '-';
  response.setHeader('x-request-id', trace.id);
  response.once('close', () => {
    const record: RequestRecord = {
      ...trace,
      remoteAddress,
      method: request.method ?? '-',
      url: request.url ?? '-',
      status: response.statusCode,
      sentBytes: socket.bytesWritten - sentBefore,
      receivedBytes: socket.bytesRead - receivedBefore,
      userAgent: request.headers['user-agent'] ?? '-',
      startedAt,
      durationMs: performance.now() - startedAtMs,
      isAborted: !response.writableFinished,
    };
    for (const observe of observers) observe(record);
  });
  return trace;
}

function idOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given)) return given;
  requests += 1;
  return `${PREFIX}-${requests}`;
}
