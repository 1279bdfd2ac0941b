/**
 * Bearer tokens: JWTs of our own (HS256 with a key that stays on the server), and those of a token
 * server, checked with its public keys (distribution docs/spec/auth/jwt).
 */
import { createHmac, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import type { TokenServer } from '#core/registry-config.ts';
import { readNamedFile } from '../read-file.ts';
import type { Identity } from './access.ts';
import { isForCatalog, limitOf, type ScopeEntry } from './scope.ts';

const KEY_BYTES = 32;
const ALGORITHM = 'HS256';
const ISSUER = 'slipway';
/** Clocks of client and server need not agree to the second. */
const CLOCK_TOLERANCE_SECONDS = 30;

export interface TokenSigner {
  /** How long an access token lasts. */
  readonly lifetimeSeconds: number;
  access(user: string | undefined, entries: readonly ScopeEntry[]): Promise<string>;
  /** Good for new access tokens until the password changes. */
  refresh(user: string, passwordHash: string): Promise<string>;
  /** Undefined for anything but a token of ours that is still good. */
  identify(token: string): Promise<Identity | undefined>;
  /** The user of a refresh token; `hashOf` is asked for the password hash of today. */
  refreshedUser(
    token: string,
    hashOf: (user: string) => string | undefined,
  ): Promise<string | undefined>;
}

export interface SignerOptions {
  readonly key: Uint8Array;
  /** Of this registry; a token for another one is refused. */
  readonly service: string;
  readonly lifetimeSeconds: number;
}

const REFRESH_LIFETIME = '90d';
const REFRESH_AUDIENCE = 'slipway refresh';

export function tokenSigner({ key, service, lifetimeSeconds }: SignerOptions): TokenSigner {
  const sign = (claims: JWTPayload, audience: string, lifetime: string): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setIssuedAt()
      .setJti(randomBytes(12).toString('base64url'))
      .setExpirationTime(lifetime)
      .sign(key);
  const fingerprint = (passwordHash: string): string =>
    createHmac('sha256', key).update(passwordHash).digest('base64url');
  const verified = (token: string, audience: string): Promise<JWTPayload | undefined> =>
    payloadOf(token, () => Promise.resolve(key), { issuer: ISSUER, audience });
  return {
    lifetimeSeconds,
    access: (user, entries) =>
      sign(
        { access: entries, ...(user === undefined ? {} : { sub: user }) },
        service,
        `${lifetimeSeconds}s`,
      ),
    refresh: (user, passwordHash) =>
      sign(
        { sub: user, password: fingerprint(passwordHash), service },
        REFRESH_AUDIENCE,
        REFRESH_LIFETIME,
      ),
    async identify(token) {
      const payload = await verified(token, service);
      return payload && identityOf(payload, 'rules');
    },
    async refreshedUser(token, hashOf) {
      const payload = await verified(token, REFRESH_AUDIENCE);
      if (payload?.sub === undefined || payload.service !== service) return undefined;
      const passwordHash = hashOf(payload.sub);
      if (passwordHash === undefined) return undefined;
      return payload.password === fingerprint(passwordHash) ? payload.sub : undefined;
    },
  };
}

/** Checks tokens of a token server. @throws FILE_MISSING, CONFIG_INVALID for a file that is no key set */
export function foreignTokens(
  server: TokenServer,
): (token: string) => Promise<Identity | undefined> {
  const keys: JWTVerifyGetKey = /^https?:/.test(server.jwks)
    ? createRemoteJWKSet(new URL(server.jwks))
    : createLocalJWKSet(keySetIn(server.jwks));
  return async (token) => {
    const payload = await payloadOf(token, keys, {
      issuer: server.issuer,
      audience: server.service,
    });
    return payload && identityOf(payload, 'token');
  };
}

function keySetIn(path: string): JSONWebKeySet {
  const bytes = readNamedFile(path);
  try {
    const document = JSON.parse(bytes.toString('utf8')) as JSONWebKeySet;
    createLocalJWKSet(document);
    return document;
  } catch (cause) {
    throw new SlipwayError('CONFIG_INVALID', `auth.jwks: ${path} is no JSON Web Key Set`, {
      hint: 'it is {"keys": [...]}, as the token server publishes it',
      cause,
    });
  }
}

async function payloadOf(
  token: string,
  key: JWTVerifyGetKey | (() => Promise<Uint8Array>),
  expected: { readonly issuer: string; readonly audience: string },
): Promise<JWTPayload | undefined> {
  try {
    const options = { ...expected, clockTolerance: CLOCK_TOLERANCE_SECONDS };
    const { payload } = await jwtVerify(token, key, options);
    return payload;
  } catch (error) {
    // A token server that does not answer is no fault of the token, but it cannot be told good either.
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function identityOf(payload: JWTPayload, judge: Identity['judge']): Identity {
  const entries = entriesIn(payload);
  const lists = isForCatalog(entries);
  return { user: payload.sub, judge, limit: limitOf(entries), ...(lists ? { lists } : {}) };
}

function entriesIn({ access }: JWTPayload): readonly ScopeEntry[] {
  if (!Array.isArray(access)) return [];
  return access.filter(isScopeEntry);
}

function isScopeEntry(value: unknown): value is ScopeEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { type, name, actions } = value as Record<string, unknown>;
  return typeof type === 'string' && typeof name === 'string' && Array.isArray(actions);
}

/** The key of a registry: made at its first start, and the same for all who serve one root. */
export function signingKey(path: string): Uint8Array {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(fresh, randomBytes(KEY_BYTES), { flag: 'wx', mode: 0o600 });
  try {
    // Whoever comes second takes what the first one wrote; nobody sees half a key.
    linkSync(fresh, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(fresh);
  }
  return readFileSync(path);
}
