/** What one connection has learnt of authentication: the scheme, and a token per set of scopes. */
import { SlipwayError } from '#core/errors.ts';
import type { Challenge } from './challenge.ts';
import { basicAuthorization, type Credential, type Credentials } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import type { Call, Exchange } from './exchange.ts';
import type { Secrets } from './secrets.ts';
import { type BearerChallenge, bearerChallenge, fetchToken, type Token } from './token.ts';

export interface AuthFacts {
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly credentials: Credentials;
  /** Hears of every secret that is used. */
  readonly secrets: Secrets;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Asks for identity tokens in the place of passwords, and hears of them. */
  readonly onIdentityToken?: (token: string) => void;
}

type Scheme =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly challenge: BearerChallenge };

/** Different scopes of one connection: pull, push, delete and mounts from a few repositories. */
const TOKENS_MAX = 64;

export class AuthSession {
  readonly #facts: AuthFacts;
  readonly #send: Exchange;
  #scheme: Scheme | undefined;
  /** Promises, so that parallel calls wait for one token request. */
  readonly #tokens = new Map<string, Promise<Token>>();
  /** Headers that the registry took. */
  readonly #accepted = new Set<string>();
  /** A token service may give a new refresh token for the one it was sent. */
  #renewed: Credential | undefined;

  constructor(facts: AuthFacts, send: Exchange) {
    this.#facts = facts;
    this.#send = send;
  }

  /** Takes the best scheme offered; false when none is understood. */
  learn(challenges: readonly Challenge[]): boolean {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const challenge = bearer && bearerChallenge(bearer, this.#facts.endpoint);
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

  accepted(header: string): void {
    const [oldest] = this.#accepted;
    if (oldest !== undefined && this.#accepted.size >= TOKENS_MAX) this.#accepted.delete(oldest);
    this.#accepted.add(header);
  }

  wasAccepted(header: string): boolean {
    return this.#accepted.has(header);
  }

  withdraw(header: string): void {
    this.#accepted.delete(header);
  }

  /** The Authorization header for a call; undefined while nothing asks for one, or nobody is known. */
  async headerFor(call: Call): Promise<string | undefined> {
    switch (this.#scheme?.kind) {
      case undefined:
        return undefined;
      case 'basic':
        return basicHeader(await this.#credential());
      case 'bearer':
        return `Bearer ${(await this.#token(call, this.#scheme.challenge)).value}`;
    }
  }

  async #token(call: Call, challenge: BearerChallenge): Promise<Token> {
    const key = keyOf(call);
    const cached = await this.#tokens.get(key);
    if (cached !== undefined && cached.expiresAtMs > this.#facts.now()) return cached;
    const fresh = this.#fetch(call, challenge);
    this.#remember(key, fresh);
    return fresh;
  }

  async #fetch(call: Call, challenge: BearerChallenge): Promise<Token> {
    const { endpoint, repository, now, secrets } = this.#facts;
    const credential = await this.#credential();
    const token = await fetchToken({
      challenge,
      scopes: call.scopes,
      credential,
      send: this.#send,
      now,
      subject: `${endpoint.registry}/${repository}`,
      signal: call.signal,
      wantsIdentity: this.#facts.onIdentityToken !== undefined,
    });
    secrets.add(token.value);
    if (token.refreshToken === undefined) return token;
    secrets.add(token.refreshToken);
    this.#facts.onIdentityToken?.(token.refreshToken);
    if (credential?.kind === 'identity-token') {
      this.#renewed = { kind: 'identity-token', token: token.refreshToken };
    }
    return token;
  }

  #remember(key: string, token: Promise<Token>): void {
    const [oldest] = this.#tokens.keys();
    if (oldest !== undefined && this.#tokens.size >= TOKENS_MAX) this.#tokens.delete(oldest);
    this.#tokens.set(key, token);
    token.catch(() => this.#tokens.delete(key));
  }

  async #credential(): Promise<Credential | undefined> {
    const { credentials, endpoint, repository, secrets } = this.#facts;
    const known = this.#renewed ?? (await credentials.find(endpoint.registry, repository))?.value;
    if (known) secrets.addCredential(known);
    return known;
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
    case 'registry-token':
    case 'identity-token':
      throw new SlipwayError('UNAUTHORIZED', 'unauthorized: authentication required', {
        hint: 'the registry wants a user name and password, but a token is stored for it: log in again',
      });
  }
}
