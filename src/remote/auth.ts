/**
 * Authentication as an interceptor (docker's token protocol, RFC 6750, RFC 7617). The first 401
 * says how; after that every call carries its header at once, which a streamed upload needs since
 * its body cannot be sent twice. Headers go to the registry's own origin only.
 */
import { SlipwayError } from '#core/errors.ts';
import { type AuthFacts, AuthSession } from './auth-session.ts';
import { parseChallenges } from './challenge.ts';
import { type Answer, type Call, type Exchange, headerOf, type Interceptor } from './exchange.ts';

/** @throws UNAUTHORIZED when credentials are refused; a plain 401 stays an answer */
export function authentication(facts: AuthFacts): Interceptor {
  return (next) => {
    const session = new AuthSession(facts, next);
    return (call) =>
      call.url.origin === facts.endpoint.base.origin
        ? authenticated(call, session, next)
        : next(call);
  };
}

/** One call is authenticated anew once: a registry that refuses every token is not asked for ever. */
async function authenticated(call: Call, session: AuthSession, next: Exchange): Promise<Answer> {
  const known = await session.headerFor(call);
  const answer = await next(known === undefined ? call : withAuthorization(call, known));
  if (answer.status !== 401) {
    if (known !== undefined && answer.status < 400) session.accepted(known);
    return answer;
  }
  if (answer.url.origin !== call.url.origin) return answer;
  if (!session.learn(parseChallenges(headerOf(answer, 'www-authenticate') ?? ''))) return answer;
  session.forget(call);
  if (!canResend(call)) return await refusedInPassing(answer, { session, known });
  const renewed = await renewedHeader(call, session, answer);
  if (renewed === undefined || renewed === known) return answer;
  await answer.discard();
  const again = await next(withAuthorization(call, renewed));
  if (again.status < 400) session.accepted(renewed);
  return again;
}

/**
 * The body is gone. A token that was good before has run out: whoever can go on from where the
 * registry stands does so with a new one. Anything else is the registry's last word.
 */
async function refusedInPassing(
  answer: Answer,
  { session, known }: { readonly session: AuthSession; readonly known: string | undefined },
): Promise<Answer> {
  if (known === undefined || !session.wasAccepted(known)) return answer;
  session.withdraw(known);
  await answer.discard();
  throw new SlipwayError('REGISTRY_UNREACHABLE', 'unauthorized: the token ran out on the way', {
    hint: 'try again: what has arrived stays',
    detail: { transient: true, status: 401 },
  });
}

/** The refused answer is kept open until there is something better, and never leaked. */
async function renewedHeader(
  call: Call,
  session: AuthSession,
  refused: Answer,
): Promise<string | undefined> {
  try {
    return await session.headerFor(call);
  } catch (error) {
    await refused.discard();
    throw error;
  }
}

function canResend(call: Call): boolean {
  return call.body?.kind !== 'stream' || call.isRepeatable;
}

function withAuthorization(call: Call, authorization: string): Call {
  return { ...call, headers: { ...call.headers, authorization } };
}
