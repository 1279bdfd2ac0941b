/**
 * One line per request as it went over the wire: method, URL, status or failure, what is left of a
 * limit of requests, how long until the answer began. No other headers, no bodies, and of a query only
 * what cannot be a secret.
 */
import { isSlipwayError } from '#core/errors.ts';
import { displayUrl } from './errors.ts';
import type { Interceptor } from './exchange.ts';
import { rateLimitOf, rateLimitText } from './rate-limit.ts';

/** Gets one line, without its end. */
export type Trace = (line: string) => void;

/** Names of the protocol whose values are names, digests and numbers. */
const SHOWN = [
  'digest',
  'mount',
  'from',
  'n',
  'last',
  'ns',
  'tag',
  'scope',
  'service',
  'account',
].concat(['artifactType', 'digest-algorithm']);

export function tracing(trace: Trace, nowMs: () => number = () => performance.now()): Interceptor {
  return (next) => async (call) => {
    const begun = nowMs();
    const tell = (outcome: string): void =>
      trace(
        `http: ${call.method} ${shownUrl(call.url)} ${outcome} ${Math.round(nowMs() - begun)}ms`,
      );
    try {
      const answer = await next(call);
      const rate = rateLimitOf(answer);
      tell(rate ? `${answer.status} (${rateLimitText(rate)})` : String(answer.status));
      return answer;
    } catch (error) {
      tell(isSlipwayError(error) ? `failed (${error.message})` : 'failed');
      throw error;
    }
  };
}

function shownUrl(url: URL): string {
  const query = [...url.searchParams].map(
    ([name, value]) => `${name}=${SHOWN.includes(name) ? value : '…'}`,
  );
  return `${displayUrl(url)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}
