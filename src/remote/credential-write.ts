/**
 * Writes credentials where docker's and podman's users have them: into the file, or with the helper
 * that the file names. Fields of others stay as they are; the file is readable for its owner alone,
 * and is there whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { type JsonObject, type JsonValue, parseJson } from '#core/json.ts';
import {
  helperFor,
  normalizeKey,
  parseCredentialFile,
  readCredentialFile,
  serverKey,
} from './credential-file.ts';
import { helperErase, helperStore } from './credential-helper.ts';
import type { Credential } from './credentials.ts';

/** Who has them now. */
export interface StoredAt {
  readonly place: string;
  readonly isEncrypted: boolean;
}

export interface LoginEntry {
  readonly registry: string;
  readonly username: string;
  readonly credential: Credential;
}

/** @throws CONFIG_INVALID, PERMISSION, CREDENTIAL_HELPER */
export async function storeLogin(path: string, entry: LoginEntry): Promise<StoredAt> {
  const { registry, credential } = entry;
  const key = serverKey(registry);
  const program = helperFor(await readCredentialFile(path), registry);
  if (program === undefined) {
    await editAuths(path, (auths) => ({ ...auths, [key]: fileEntry(entry) }));
    return { place: path, isEncrypted: false };
  }
  await helperStore(program, key, credential);
  // docker's mark that a helper has it; a secret that was here before must not stay.
  await editAuths(path, (auths) => ({ ...auths, [key]: {} }));
  return { place: `docker-credential-${program}`, isEncrypted: true };
}

/** Under all the names that a registry may have in the file. @throws as {@link storeLogin} */
export async function eraseLogin(path: string, registry: string): Promise<void> {
  const program = helperFor(await readCredentialFile(path), registry);
  if (program !== undefined) await helperErase(program, serverKey(registry));
  const isOfRegistry = (key: string): boolean => normalizeKey(key) === registry;
  await editAuths(path, (auths) =>
    Object.keys(auths).some(isOfRegistry)
      ? Object.fromEntries(Object.entries(auths).filter(([key]) => !isOfRegistry(key)))
      : undefined,
  );
}

/** docker's form, also for a token beside which there is no password. */
function fileEntry({ username, credential }: LoginEntry): JsonObject {
  const basic = (password: string): string =>
    Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  return credential.kind === 'password'
    ? { auth: basic(credential.password) }
    : { auth: basic(''), identitytoken: credential.token };
}

/** `edit` gives undefined when there is nothing to change. */
async function editAuths(
  path: string,
  edit: (auths: JsonObject) => JsonObject | undefined,
): Promise<void> {
  const text = await textOf(path);
  // Refuses what is broken before it is written over.
  if (text !== undefined) parseCredentialFile(text, path);
  const top = text?.trim() ? objectOf(parseJson(text, path)) : {};
  const auths = edit(objectOf(top.auths));
  if (auths) await replaceFile(path, `${JSON.stringify({ ...top, auths }, null, '\t')}\n`);
}

function objectOf(value: JsonValue | undefined): JsonObject {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : {};
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw unwritable(path, cause);
  }
}

/** A link to the file stays one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): SlipwayError {
  return new SlipwayError(
    'PERMISSION',
    `error saving credentials: ${path}: ${errnoOf(cause) ?? 'cannot be written'}`,
    { hint: `make ${path} and its folder writable, or choose another with DOCKER_CONFIG`, cause },
  );
}
