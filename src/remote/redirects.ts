/**
 * Follows redirects (RFC 9110 §15.4): registries send blob reads to object storage. Credentials
 * never cross an origin, and https never becomes http.
 */
import { SlipwayError } from '#core/errors.ts';
import { displayUrl } from './errors.ts';
import { type Answer, type Call, headerOf, type Interceptor } from './exchange.ts';

const REDIRECTS_MAX = 5;
const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308];

/** Follows for GET and HEAD; other methods get the redirect as an answer. @throws REGISTRY_PROTOCOL */
export function followingRedirects(): Interceptor {
  return (next) => async (first) => {
    let call = first;
    for (let hops = 0; ; hops++) {
      const answer = await next(call);
      const target = targetOf(call, answer);
      if (!target) return answer;
      await answer.discard();
      if (hops === REDIRECTS_MAX) {
        throw new SlipwayError(
          'REGISTRY_PROTOCOL',
          `${displayUrl(first.url)}: stopped after ${REDIRECTS_MAX} redirects`,
          { hint: 'the registry or a proxy before it redirects in a circle' },
        );
      }
      call = redirected(call, target);
    }
  };
}

function targetOf(call: Call, answer: Answer): URL | undefined {
  if (call.method !== 'GET' && call.method !== 'HEAD') return undefined;
  if (!REDIRECT_STATUSES.includes(answer.status)) return undefined;
  const location = headerOf(answer, 'location');
  return location === undefined ? undefined : resolveLocation(location, call.url);
}

function redirected(call: Call, target: URL): Call {
  if (target.origin === call.url.origin) return { ...call, url: target };
  const { authorization: _kept, ...headers } = call.headers ?? {};
  return { ...call, url: target, headers };
}

/**
 * A Location header relative to where it came from. User names in it are dropped.
 * @throws REGISTRY_PROTOCOL for what is no http(s) URL, and for https that becomes http
 */
export function resolveLocation(location: string, from: URL): URL {
  const target = URL.parse(location, from);
  if (!target || !/^https?:$/.test(target.protocol)) {
    throw new SlipwayError('REGISTRY_PROTOCOL', `${displayUrl(from)}: unusable Location header`);
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new SlipwayError(
      'REGISTRY_PROTOCOL',
      `${displayUrl(from)}: the registry redirects to plain HTTP at ${target.host}`,
      {
        hint: 'the proxy before the registry must send X-Forwarded-Proto: https, or the registry must know its public address',
      },
    );
  }
  target.username = '';
  target.password = '';
  return target;
}
