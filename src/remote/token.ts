/**
 * The token endpoint (docker's token and OAuth2 protocols): a GET with or without Basic for a user
 * and password, a POST with the refresh token for an identity token; a POST with the password where
 * the service knows no GET. Tokens are opaque to us.
 */
import { SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import type { Challenge } from './challenge.ts';
import { basicAuthorization, type Credential } from './credentials.ts';
import { type Endpoint, isLoopbackHost } from './endpoint.ts';
import { registryError } from './errors.ts';
import { type Answer, type Call, type Exchange, readBounded } from './exchange.ts';

export interface BearerChallenge {
  readonly realm: URL;
  readonly service: string | undefined;
  /** Scopes the registry asked for, beside the ones a call knows itself. */
  readonly scopes: readonly string[];
}

export interface Token {
  readonly value: string;
  /** When to stop using it: a little before it really ends. */
  readonly expiresAtMs: number;
  /** An identity token that came with it. */
  readonly refreshToken?: string;
}

const TOKEN_BYTES_MAX = 1024 * 1024;
/** What the protocol says when `expires_in` is missing. */
const LIFETIME_SECONDS = 60;
/** Used this much shorter, so that it does not end on the way. */
const LEEWAY_MS = 10_000;
const CLIENT_ID = 'slipway';

/**
 * Checks a Bearer challenge; undefined when it has no usable realm. A realm in plain HTTP is only
 * taken from a registry that is reached so itself: it would carry the password in the clear.
 */
export function bearerChallenge(
  { parameters }: Challenge,
  endpoint: Endpoint,
): BearerChallenge | undefined {
  const realm = URL.parse(parameters.get('realm') ?? '');
  if (!realm || !/^https?:$/.test(realm.protocol)) return undefined;
  const isSafe =
    realm.protocol === 'https:' ||
    endpoint.base.protocol === 'http:' ||
    isLoopbackHost(realm.hostname);
  if (!isSafe) return undefined;
  const scope = parameters.get('scope');
  return {
    realm,
    service: parameters.get('service'),
    scopes: scope ? scope.split(/\s+/).filter(Boolean) : [],
  };
}

export interface TokenRequest {
  readonly challenge: BearerChallenge;
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
  readonly send: Exchange;
  readonly now: () => number;
  /** The repository, for errors. */
  readonly subject: string;
  readonly signal?: AbortSignal | undefined;
  /** Also asks for an identity token, to be stored in the password's place. */
  readonly wantsIdentity?: boolean;
}

/** Statuses of a service that knows the OAuth2 form only. */
const NO_GET_STATUSES: readonly number[] = [404, 405];

/** @throws UNAUTHORIZED, REGISTRY_PROTOCOL, and what `send` throws */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { credential } = request;
  if (credential?.kind === 'registry-token') {
    return { value: credential.token, expiresAtMs: Number.POSITIVE_INFINITY };
  }
  let answer = await request.send(callOf(request));
  if (credential?.kind === 'password' && NO_GET_STATUSES.includes(answer.status)) {
    await answer.discard();
    answer = await request.send(formCall(request, passwordForm(credential)));
  }
  if (answer.status < 200 || answer.status >= 300) throw await refusal(answer, request);
  const body = await readBounded(answer, TOKEN_BYTES_MAX);
  if (body === undefined) throw unusable('is longer than 1 MiB');
  return decodeToken(body, request.now());
}

function callOf(request: TokenRequest): Call {
  const { challenge, credential } = request;
  if (credential?.kind === 'identity-token') {
    return formCall(request, { grant_type: 'refresh_token', refresh_token: credential.token });
  }
  const url = new URL(challenge.realm);
  if (challenge.service) url.searchParams.set('service', challenge.service);
  for (const scope of scopesOf(request)) url.searchParams.append('scope', scope);
  const shared = { ...sharedOf(request), method: 'GET', url } as const;
  if (credential?.kind !== 'password') return shared;
  url.searchParams.set('account', credential.username);
  if (request.wantsIdentity) {
    url.searchParams.set('client_id', CLIENT_ID);
    url.searchParams.set('offline_token', 'true');
  }
  const authorization = basicAuthorization(credential.username, credential.password);
  return { ...shared, headers: { authorization } };
}

/** RFC 6749 §4.3 and §6. */
function formCall(request: TokenRequest, fields: Readonly<Record<string, string>>): Call {
  const { challenge, wantsIdentity } = request;
  const form = new URLSearchParams({
    ...fields,
    client_id: CLIENT_ID,
    scope: scopesOf(request).join(' '),
    ...(challenge.service ? { service: challenge.service } : {}),
    ...(wantsIdentity ? { access_type: 'offline' } : {}),
  });
  return {
    ...sharedOf(request),
    method: 'POST',
    url: challenge.realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { kind: 'bytes', bytes: Buffer.from(form.toString()) },
  };
}

function passwordForm({
  username,
  password,
}: Extract<Credential, { kind: 'password' }>): Readonly<Record<string, string>> {
  return { grant_type: 'password', username, password };
}

function scopesOf({ scopes, challenge }: TokenRequest): readonly string[] {
  return [...new Set([...scopes, ...challenge.scopes])];
}

function sharedOf({ signal }: TokenRequest): Pick<Call, 'scopes' | 'isRepeatable' | 'signal'> {
  return { scopes: [], isRepeatable: true, signal };
}

async function refusal(answer: Answer, { credential, subject }: TokenRequest): Promise<Error> {
  const error = await registryError(answer, { action: 'pull', repository: subject });
  if (error.code !== 'UNAUTHORIZED' || !credential) return error;
  return new SlipwayError('UNAUTHORIZED', 'unauthorized: incorrect username or password', {
    hint: `log in again (slipway login): the token service does not accept the credentials for ${subject}`,
    detail: error.detail,
  });
}

function decodeToken(body: Uint8Array, nowMs: number): Token {
  const top = readerOf(body);
  const value = top.optionalString('token') || top.optionalString('access_token');
  if (!value) throw unusable('holds no token');
  // What goes into a header must not be able to end it.
  if (!/^[\x21-\x7e]+$/.test(value)) throw unusable('holds characters no token may have');
  const seconds = top.optionalNumber('expires_in') ?? LIFETIME_SECONDS;
  const lifetimeMs = Math.max(seconds, LIFETIME_SECONDS) * 1000;
  const refreshToken = top.optionalString('refresh_token');
  return {
    value,
    expiresAtMs: nowMs + lifetimeMs - LEEWAY_MS,
    ...(refreshToken ? { refreshToken } : {}),
  };
}

/** JSON.parse quotes what it stumbles over, which may be a token: its error is left out. */
function readerOf(body: Uint8Array): ObjectReader {
  try {
    return new ObjectReader(parseJson(body, 'token response'), 'token response');
  } catch {
    throw unusable('is no JSON object');
  }
}

function unusable(why: string): SlipwayError {
  return new SlipwayError('REGISTRY_PROTOCOL', `token response ${why}`, {
    hint: "the registry's token service does not follow docker's token protocol",
  });
}
