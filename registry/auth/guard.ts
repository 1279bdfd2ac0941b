/**
 * The one place that says who somebody is and whether they may: passwords, keys, tokens, client
 * certificates on one side, rules on the other. Everything it was made of may change while it runs.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { Refusal } from '../errors.ts';
import { type Access, ANONYMOUS, type Identity, type Requirement } from './access.ts';
import { type ApiKey, identityOfKey, looksLikeKey } from './api-keys.ts';
import { type Challenger, challengeOf } from './challenge.ts';
import { type Credentials, credentialsIn } from './credentials.ts';
import { FailureLimit } from './failures.ts';
import { isPasswordOf, type Users } from './htpasswd.ts';
import type { Judge } from './rules.ts';
import type { TokenSigner } from './tokens.ts';
import { VerifiedCredentials } from './verified.ts';

/** A value that may be another one the next time it is asked for. */
export interface Live<T> {
  readonly value: T;
  /** Changes with the value. */
  readonly version: number;
}

export interface GuardOptions {
  readonly users: Live<Users>;
  readonly keys: Live<readonly ApiKey[]>;
  readonly judge: Live<Judge>;
  /** Tokens of our own; absent where a token server gives them, or Basic is all there is. */
  readonly signer?: TokenSigner;
  /** Checks the tokens of a token server. */
  readonly foreignToken?: (token: string) => Promise<Identity | undefined>;
  readonly challenger: Challenger;
  readonly nowMs?: () => number;
}

export class Guard {
  readonly options: GuardOptions;
  readonly #failures: FailureLimit;
  readonly #verified: VerifiedCredentials;

  constructor(options: GuardOptions) {
    this.options = options;
    this.#failures = new FailureLimit(options.nowMs);
    this.#verified = new VerifiedCredentials(options.nowMs);
  }

  /** Who sent it. @throws Refusal UNAUTHORIZED for credentials that are wrong, TOOMANYREQUESTS */
  async identify(request: IncomingMessage): Promise<Identity> {
    const credentials = credentialsIn(request.headers.authorization);
    if (credentials.kind === 'none') return certified(request) ?? ANONYMOUS;
    const identity = await this.#identityOf(credentials, addressOf(request));
    if (identity) return identity;
    throw this.#unauthorized(request, wrongText(credentials), { error: 'invalid_token' });
  }

  /** The same by name and password alone, as the token endpoint has them. @throws Refusal */
  async signIn(user: string, password: string, request: IncomingMessage): Promise<Identity> {
    const identity = await this.#identityOf({ kind: 'basic', user, password }, addressOf(request));
    if (!identity) throw new Refusal('UNAUTHORIZED', WRONG_PASSWORD);
    return identity;
  }

  /** @throws Refusal UNAUTHORIZED, DENIED */
  need(requirement: Requirement, identity: Identity, request: IncomingMessage): void {
    switch (requirement.kind) {
      case 'open':
        return;
      case 'user':
        if (identity.user === undefined) throw this.#unauthorized(request, SIGN_IN);
        return;
      case 'list':
        if (identity.user !== undefined || this.options.judge.value.welcomesAnonymous) return;
        throw this.#unauthorized(request, SIGN_IN);
      case 'access':
        this.#needAccess(requirement.access, identity, request);
    }
  }

  /** Whether an access is allowed, without a word about it. */
  may(identity: Identity, access: Access): boolean {
    return this.#rulesAllow(identity, access) && (identity.limit?.(access) ?? true);
  }

  /** Whether a repository is named in lists. */
  maySee(identity: Identity, repository: string): boolean {
    const access = { repository, action: 'pull' } as const;
    return (
      this.may(identity, access) || (identity.lists === true && this.#rulesAllow(identity, access))
    );
  }

  /**
   * Asks for a larger token where the user may do all of this and only the token is too small.
   * @throws Refusal UNAUTHORIZED
   */
  needTokenFor(accesses: readonly Access[], identity: Identity, request: IncomingMessage): void {
    const { limit, isKey = false } = identity;
    if (!limit || isKey || accesses.every(limit)) return;
    if (!accesses.every((access) => this.#rulesAllow(identity, access))) return;
    const error = 'insufficient_scope';
    throw this.#unauthorized(request, TOKEN_TOO_SMALL, { accesses, error });
  }

  #needAccess(access: Access, identity: Identity, request: IncomingMessage): void {
    if (this.may(identity, access)) return;
    const { user, isKey = false } = identity;
    if (user !== undefined && (isKey || !this.#rulesAllow(identity, access))) {
      const who = isKey ? `this key of ${user}` : user;
      throw new Refusal(
        'DENIED',
        `requested access to the resource is denied: ${who} may not ${access.action} ${access.repository}`,
      );
    }
    // Who signs in, or asks for a token with this scope, may be allowed.
    const isTokenTooSmall = identity.limit !== undefined;
    throw this.#unauthorized(request, isTokenTooSmall ? TOKEN_TOO_SMALL : SIGN_IN, {
      accesses: [access],
      ...(isTokenTooSmall ? { error: 'insufficient_scope' } : {}),
    });
  }

  #rulesAllow({ judge, user }: Identity, { repository, action }: Access): boolean {
    return judge === 'token' || this.options.judge.value.allows(user, repository, action);
  }

  async #identityOf(credentials: Credentials, address: string): Promise<Identity | undefined> {
    const { keys, signer, foreignToken, nowMs = Date.now } = this.options;
    switch (credentials.kind) {
      case 'none':
      case 'unknown':
        return undefined;
      case 'bearer': {
        const { token } = credentials;
        if (looksLikeKey(token)) return identityOfKey(keys.value, token, nowMs());
        return (await signer?.identify(token)) ?? (await foreignToken?.(token));
      }
      case 'basic':
        return await this.#basic(credentials, address);
    }
  }

  async #basic(
    { user, password }: { readonly user: string; readonly password: string },
    address: string,
  ): Promise<Identity | undefined> {
    const { users, keys, nowMs = Date.now } = this.options;
    if (looksLikeKey(password)) {
      this.#failures.check(address);
      const identity = identityOfKey(keys.value, password, nowMs());
      if (!identity) this.#failures.count(address);
      return identity;
    }
    const { value, version } = users;
    if (!this.#verified.has(user, password, version)) {
      this.#failures.check(address);
      if (!(await isPasswordOf(value, user, password))) {
        this.#failures.count(address);
        return undefined;
      }
      this.#verified.add(user, password, version);
    }
    return { user, judge: 'rules' };
  }

  #unauthorized(
    request: IncomingMessage,
    message: string,
    about: { readonly accesses?: readonly Access[]; readonly error?: string } = {},
  ): Refusal {
    const challenge = challengeOf(this.options.challenger, request, about);
    return new Refusal('UNAUTHORIZED', message, { headers: { 'www-authenticate': challenge } });
  }
}

const SIGN_IN = 'authentication required';
const TOKEN_TOO_SMALL = 'authentication required: the token is not for this';
const WRONG_PASSWORD = 'authentication required: incorrect username or password';

function wrongText({ kind }: Credentials): string {
  return kind === 'basic' ? WRONG_PASSWORD : 'authentication required: the token is not valid';
}

function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown';
}

/** The name in a client certificate that our authority signed: its common name, else its first SAN. */
function certified({ socket }: IncomingMessage): Identity | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject, subjectaltname } = socket.getPeerCertificate();
  const name = subject?.CN ?? subjectaltname?.split(', ')[0]?.replace(/^[^:]+:/, '');
  const user = Array.isArray(name) ? name[0] : name;
  return user === undefined || user === '' ? undefined : { user, judge: 'rules' };
}
