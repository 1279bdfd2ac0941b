/**
 * Credentials from docker's config.json (and podman's auth.json, which has the same `auths`).
 * The caller says which file; nothing here looks at the environment. Credential helpers are not
 * asked yet: a registry that has one is reported, so that the error can say so.
 */
import { readFileSync } from 'node:fs';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { DEFAULT_REGISTRY } from '#core/reference.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged at the token endpoint. */
  | { readonly kind: 'identity-token'; readonly token: string };

/** Answers who we are towards a repository; undefined: nobody. */
export interface Credentials {
  find(registry: string, repository: string): Credential | undefined;
  /** The name of the credential helper configured for the registry. */
  helperFor(registry: string): string | undefined;
}

/** For anonymous access. */
export const NO_CREDENTIALS: Credentials = {
  find: () => undefined,
  helperFor: () => undefined,
};

/** `Basic …` (RFC 7617, UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

const HUB_KEYS = ['index.docker.io', 'registry-1.docker.io', 'docker.io'];

/**
 * Reads a config.json; a file that does not exist is an empty one.
 * @throws JSON_INVALID, PERMISSION; neither repeats what the file says
 */
export function readCredentials(path: string): Credentials {
  const text = readText(path);
  return text === undefined ? NO_CREDENTIALS : parseCredentials(text, path);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw new SlipwayError(
      'PERMISSION',
      `error loading config file: ${path}: ${errno ?? 'unreadable'}`,
      { hint: `make ${path} readable for this user`, cause },
    );
  }
}

/** Parses the text of a config.json; `path` names it in errors. @throws JSON_INVALID */
export function parseCredentials(text: string, path: string): Credentials {
  const top = new ObjectReader(parseConfig(text, path), path);
  const auths = top.optionalObject('auths');
  const found = new Map<string, Credential>();
  for (const key of auths?.keys() ?? []) {
    const credential = decodeEntry(auths?.optionalObject(key), { key, path });
    if (credential) found.set(normalizeKey(key), credential);
  }
  const helpers = new Map(
    Object.entries(top.optionalStringMap('credHelpers') ?? {}).map(([key, helper]) => [
      normalizeKey(key),
      helper,
    ]),
  );
  const store = top.optionalString('credsStore');
  return {
    find: (registry, repository) => longestPrefix(found, `${registry}/${repository}`),
    helperFor: (registry) => helpers.get(normalizeKey(registry)) ?? store,
  };
}

/** JSON.parse quotes what it stumbles over, which may be a secret: its error is left out. */
function parseConfig(text: string, path: string): ReturnType<typeof parseJson> {
  try {
    return parseJson(text, path);
  } catch {
    throw new SlipwayError('JSON_INVALID', `error loading config file: ${path} is not valid JSON`, {
      hint: 'repair the file, or remove it and log in again',
    });
  }
}

/** `https://index.docker.io/v1/` and `docker.io` are the same; other keys lose scheme and API path. */
function normalizeKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  const [host = '', ...rest] = bare.split('/');
  return [HUB_KEYS.includes(host) ? DEFAULT_REGISTRY : host, ...rest].join('/');
}

/** The most specific of `host/ns/repo`, `host/ns`, `host`. */
function longestPrefix(
  entries: ReadonlyMap<string, Credential>,
  path: string,
): Credential | undefined {
  const parts = path.split('/');
  for (let length = parts.length; length > 0; length--) {
    const entry = entries.get(parts.slice(0, length).join('/'));
    if (entry) return entry;
  }
  return undefined;
}

function decodeEntry(
  entry: ObjectReader | undefined,
  { key, path }: { readonly key: string; readonly path: string },
): Credential | undefined {
  const identity = entry?.optionalString('identitytoken');
  if (identity) return { kind: 'identity-token', token: identity };
  const auth = entry?.optionalString('auth');
  if (auth) return decodeAuth(auth, { key, path });
  const username = entry?.optionalString('username');
  const password = entry?.optionalString('password');
  // `{}` is what a config with a credential helper holds: nothing.
  return username && password ? { kind: 'password', username, password } : undefined;
}

/** base64 of `user:password`; docker itself pads old files with NUL. */
function decodeAuth(
  auth: string,
  { key, path }: { readonly key: string; readonly path: string },
): Credential {
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon < 1) {
    throw new SlipwayError(
      'JSON_INVALID',
      `error loading config file: ${path}: bad auth for ${key}`,
      {
        hint: 'remove the entry and log in again',
      },
    );
  }
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) };
}
