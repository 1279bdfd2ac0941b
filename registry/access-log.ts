/** One line per request, in the combined form that log tools read, with the milliseconds it took. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface AccessRecord {
  readonly remoteAddress: string;
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly sentBytes: number;
  readonly userAgent: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** True when the client went away before the answer was out. */
  readonly isAborted: boolean;
}

/** Calls `log` once the response is over, however it ended. */
export function logAccess(
  request: IncomingMessage,
  response: ServerResponse,
  log: (line: string) => void,
): void {
  const startedAt = new Date();
  const { socket } = request;
  const sentBefore = socket.bytesWritten;
  const remoteAddress = socket.remoteAddress ?? '-';
  response.once('close', () => {
    log(
      formatAccess({
        remoteAddress,
        method: request.method ?? '-',
        url: request.url ?? '-',
        status: response.statusCode,
        sentBytes: socket.bytesWritten - sentBefore,
        userAgent: request.headers['user-agent'] ?? '-',
        startedAt,
        durationMs: Date.now() - startedAt.getTime(),
        isAborted: !response.writableFinished,
      }),
    );
  });
}

export function formatAccess(record: AccessRecord): string {
  const { remoteAddress, method, url, status, sentBytes, userAgent, durationMs } = record;
  const time = record.startedAt.toISOString();
  const outcome = record.isAborted ? `${status} aborted` : String(status);
  return `${remoteAddress} [${time}] "${quoted(`${method} ${url}`)}" ${outcome} ${sentBytes} ${durationMs}ms "${quoted(userAgent)}"`;
}

const FIELD_LENGTH_MAX = 500;

/** A client must not be able to write lines of its own into the log. */
function quoted(text: string): string {
  return text
    .slice(0, FIELD_LENGTH_MAX)
    .replaceAll(/[\\"]/g, '\\$&')
    .replaceAll(/\p{Cc}/gu, ' ');
}
