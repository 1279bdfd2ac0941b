/**
 * docker's config.json and podman's auth.json, which have the same shape: `auths` by host or by
 * `host/namespace/repository`, `credHelpers` per host, `credsStore` for all. Secrets never reach an
 * error.
 */
import { readFile } from 'node:fs/promises';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import { DEFAULT_REGISTRY } from '#core/reference.ts';
import { helperGet } from './credential-helper.ts';
import type { Credential, Credentials } from './credentials.ts';

/** What docker and its helpers call Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_HOSTS = ['index.docker.io', 'registry-1.docker.io', 'docker.io'];

export interface CredentialFile {
  /** By normalised key. */
  readonly auths: ReadonlyMap<string, Credential>;
  /** Programs by normalised key; `docker-credential-` is left out. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The program for everything else. */
  readonly store: string | undefined;
}

const EMPTY: CredentialFile = { auths: new Map(), helpers: new Map(), store: undefined };

/** Read at the first question; a file that is not there knows nobody. */
export function fileCredentials(path: string): Credentials {
  let file: Promise<CredentialFile> | undefined;
  return {
    find: async (registry, repository) => {
      file ??= readCredentialFile(path);
      return await findIn(await file, { registry, repository, origin: path });
    },
  };
}

/** The same document as a text: DOCKER_AUTH_CONFIG. */
export function textCredentials(text: string, origin: string): Credentials {
  return {
    find: async (registry, repository) =>
      await findIn(parseCredentialFile(text, origin), { registry, repository, origin }),
  };
}

/** @throws CONFIG_INVALID, PERMISSION; neither repeats what the file says */
export async function readCredentialFile(path: string): Promise<CredentialFile> {
  try {
    return parseCredentialFile(await readFile(path, 'utf8'), path);
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined) throw cause;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return EMPTY;
    throw new SlipwayError(
      'PERMISSION',
      `error loading config file: ${path}: ${errno === 'EACCES' ? 'permission denied' : errno}`,
      { hint: `make ${path} readable for this user`, cause },
    );
  }
}

/** `path` names it in errors. @throws CONFIG_INVALID */
export function parseCredentialFile(text: string, path: string): CredentialFile {
  if (text.trim() === '') return EMPTY;
  const top = new ObjectReader(parseConfig(text, path), path);
  const auths = top.optionalObject('auths');
  const found = new Map<string, Credential>();
  for (const key of auths?.keys() ?? []) {
    const credential = decodeEntry(auths?.optionalObject(key), { key, path });
    if (credential) found.set(normalizeKey(key), credential);
  }
  const helpers = Object.entries(top.optionalStringMap('credHelpers') ?? {});
  return {
    auths: found,
    helpers: new Map(helpers.map(([key, helper]) => [normalizeKey(key), helper])),
    store: top.optionalString('credsStore') || undefined,
  };
}

/** The program that keeps a registry's credentials, by this file. */
export function helperFor(file: CredentialFile, registry: string): string | undefined {
  return file.helpers.get(normalizeKey(registry)) ?? file.store;
}

async function findIn(
  file: CredentialFile,
  options: {
    readonly registry: string;
    readonly repository: string;
    readonly origin: string;
  },
): ReturnType<Credentials['find']> {
  const { registry, repository, origin } = options;
  const program = helperFor(file, registry);
  if (program !== undefined) {
    const value = await helperGet(program, serverKey(registry));
    if (value) return { value, origin: `docker-credential-${program} (${origin})` };
  }
  const entry = longestPrefix(file.auths, `${registry}/${repository}`);
  return entry && { value: entry, origin };
}

/** As docker names a registry to helpers and in its file. */
export function serverKey(registry: string): string {
  return registry === DEFAULT_REGISTRY ? HUB_KEY : registry;
}

/** JSON.parse quotes what it stumbles over, which may be a secret: its error is left out. */
function parseConfig(text: string, path: string): ReturnType<typeof parseJson> {
  try {
    return parseJson(text, path);
  } catch {
    throw new SlipwayError(
      'CONFIG_INVALID',
      `error loading config file: ${path} is not valid JSON`,
      { hint: 'repair the file, or remove it and log in again' },
    );
  }
}

/** `https://index.docker.io/v1/` and `docker.io` are the same; other keys lose scheme and API path. */
export function normalizeKey(key: string): string {
  const bare = key
    .replace(/^https?:\/\//, '')
    .replace(/\/(v[12]\/?)?$/, '')
    .replace(/\/v[12]$/, '');
  const [host = '', ...rest] = bare.split('/');
  return [HUB_HOSTS.includes(host) ? DEFAULT_REGISTRY : host, ...rest].join('/');
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
  place: { readonly key: string; readonly path: string },
): Credential | undefined {
  const identity = entry?.optionalString('identitytoken');
  if (identity) return { kind: 'identity-token', token: identity };
  const token = entry?.optionalString('registrytoken');
  if (token) return { kind: 'registry-token', token };
  const auth = entry?.optionalString('auth');
  if (auth) return decodeAuth(auth, place);
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
      'CONFIG_INVALID',
      `error loading config file: ${path}: bad auth for ${key}`,
      { hint: 'remove the entry and log in again' },
    );
  }
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) };
}
