/** One line per request: in the combined form that people and log tools read, or as JSON. */
import type { RequestRecord } from './request-record.ts';

export type AccessLogFormat = 'combined' | 'json';

export function formatAccess(record: RequestRecord, format: AccessLogFormat): string {
  return format === 'json' ? json(record) : combined(record);
}

function combined(record: RequestRecord): string {
  const { remoteAddress, user, method, url, status, sentBytes, userAgent, durationMs } = record;
  const time = record.startedAt.toISOString();
  const outcome = record.isAborted ? `${status} aborted` : String(status);
  const who = user === undefined ? '' : ` ${quoted(user)}`;
  return `${remoteAddress}${who} [${time}] "${quoted(`${method} ${url}`)}" ${outcome} ${sentBytes} ${Math.round(durationMs)}ms "${quoted(userAgent)}" ${record.id}`;
}

/** Names as distribution's JSON log has them, where it has them. */
function json(record: RequestRecord): string {
  return JSON.stringify({
    time: record.startedAt.toISOString(),
    'http.request.id': record.id,
    'http.request.remoteaddr': record.remoteAddress,
    'http.request.method': record.method,
    'http.request.uri': record.url,
    'http.request.useragent': record.userAgent,
    'auth.user.name': record.user,
    endpoint: record.endpoint,
    'http.response.status': record.status,
    'http.response.written': record.sentBytes,
    'http.response.duration_ms': Math.round(record.durationMs * 1000) / 1000,
    aborted: record.isAborted || undefined,
  });
}

const FIELD_LENGTH_MAX = 500;

/** A client must not be able to write lines of its own into the log. */
function quoted(text: string): string {
  return text
    .slice(0, FIELD_LENGTH_MAX)
    .replaceAll(/[\\"]/g, '\\$&')
    .replaceAll(/\p{Cc}/gu, ' ');
}
