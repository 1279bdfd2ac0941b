/**
 * Authentication as an interceptor (docker's token protocol, RFC 6750, RFC 7617). The first 401
 * says how; after that every call carries its header at once, which a streamed upload needs since
 * its body cannot be sent twice. Headers go to the registry's own origin only.
 */
import { SlipwayError } from '#core/errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type Credential, type Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { type Answer, type Call, type Exchange, headerOf, type Interceptor } from './exchange.ts';
import { type BearerChallenge, bearerChallenge, fetchToken, type Token } from './token.ts';

export interface AuthOptions {
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Different scopes of one connection: pull, push, delete and mounts from a few repositories. */
const TOKENS_MAX = 64;

/** @throws UNAUTHORIZED when credentials are refused; a plain 401 stays an answer */
export function authentication(options: AuthOptions): Interceptor {
  return (next) => {
    const session = new AuthSession(options, next);
    return (call) =>
      call.url.origin === options.endpoint.base.origin
        ? authenticated(call, session, next)
        : next(call);
  };
}

async function authenticated(call: Call, session: AuthSession, next: Exchange): Promise<Answer> {
  const known = await session.headerFor(call);
  const answer = await next(known === undefined ? call : withAuthorization(call, known));
  if (answer.status !== 401 || answer.url.origin !== call.url.origin || !canResend(call)) {
    return answer;
  }
  if (!session.learn(parseChallenges(headerOf(answer, 'www-authenticate') ?? ''))) return answer;
  session.forget(call);
  const renewed = await renewedHeader(call, session, answer);
  if (renewed === undefined || renewed === known) return answer;
  await answer.discard();
  return next(withAuthorization(call, renewed));
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

type Scheme =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly challenge: BearerChallenge };

/** What one connection has learnt: the scheme and a token per set of scopes. */
class AuthSession {
  readonly #options: AuthOptions;
  readonly #send: Exchange;
  #scheme: Scheme | undefined;
  /** Promises, so that parallel calls wait for one token request. */
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(options: AuthOptions, send: Exchange) {
    this.#options = options;
    this.#send = send;
  }

  /** Takes the best scheme offered; false when none is understood. */
  learn(challenges: readonly Challenge[]): boolean {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const challenge = bearer && bearerChallenge(bearer, this.#options.endpoint);
    if (challenge) {
      this.#scheme = { kind: 'bearer', challenge };
      return true;
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return false;
    this.#scheme = { kind: 'basic' };
    return true;
  }

  /** A token that was refused is not tried again. */
  forget(call: Call): void {
    this.#tokens.delete(keyOf(call));
  }

  /** The Authorization header for a call; undefined while nothing asks for one, or nobody is known. */
  async headerFor(call: Call): Promise<string | undefined> {
    switch (this.#scheme?.kind) {
      case undefined:
        return undefined;
      case 'basic':
        return basicHeader(this.#credential());
      case 'bearer':
        return `Bearer ${(await this.#token(call, this.#scheme.challenge)).value}`;
    }
  }

  async #token(call: Call, challenge: BearerChallenge): Promise<Token> {
    const key = keyOf(call);
    const cached = await this.#tokens.get(key);
    if (cached !== undefined && cached.expiresAtMs > this.#options.now()) return cached;
    const fresh = fetchToken({
      challenge,
      scopes: call.scopes,
      credential: this.#credential(),
      send: this.#send,
      now: this.#options.now,
      subject: `${this.#options.endpoint.registry}/${this.#options.repository}`,
    });
    this.#remember(key, fresh);
    return fresh;
  }

  #remember(key: string, token: Promise<Token>): void {
    const [oldest] = this.#tokens.keys();
    if (oldest !== undefined && this.#tokens.size >= TOKENS_MAX) this.#tokens.delete(oldest);
    this.#tokens.set(key, token);
    token.catch(() => this.#tokens.delete(key));
  }

  #credential(): Credential | undefined {
    const { credentials, endpoint, repository } = this.#options;
    return credentials.find(endpoint.registry, repository);
  }
}

function keyOf(call: Call): string {
  return [...call.scopes].sort().join(' ');
}

function basicHeader(credential: Credential | undefined): string | undefined {
  switch (credential?.kind) {
    case undefined:
      return undefined;
    case 'password':
      return basicAuthorization(credential.username, credential.password);
    case 'identity-token':
      throw new SlipwayError('UNAUTHORIZED', 'unauthorized: authentication required', {
        hint: 'the registry wants a user name and password, but an identity token is stored for it: log in again',
      });
  }
}
