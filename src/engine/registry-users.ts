/** Users and API keys of the registry as their files have them; a running server reads those again. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import type { Action } from '#core/registry-config.ts';
import { type ApiKey, formatKeys, makeKey, parseKeys } from '#registry/auth/api-keys.ts';
import {
  formatHtpasswd,
  hashPassword,
  parseHtpasswd,
  type Users,
} from '#registry/auth/htpasswd.ts';
import { KEYS_FILE, USERS_FILE } from '#registry/auth/open-guard.ts';
import { readNamedFile } from '#registry/read-file.ts';
import { writeInPlace } from '#store/durable-file.ts';
import { registryFolder } from './serve.ts';

/** Paths: of the store's registry, unless a file is named. */
export function usersFile(root: string, named: string | undefined): string {
  return named ?? join(registryFolder(root), USERS_FILE);
}

export function keysFile(root: string, named: string | undefined): string {
  return named ?? join(registryFolder(root), KEYS_FILE);
}

/** Names, sorted. @throws CONFIG_INVALID */
export function listUsers(path: string): readonly string[] {
  return [...readUsers(path).keys()].sort();
}

/** Adds a user, or gives one another password. True: it was new. @throws USAGE, CONFIG_INVALID */
export async function setUser(path: string, user: string, password: string): Promise<boolean> {
  const users = new Map(readUsers(path));
  const isNew = !users.has(user);
  users.set(user, await hashPassword(user, password));
  await replace(path, formatHtpasswd(users));
  return isNew;
}

/** @throws ACCOUNT_UNKNOWN */
export async function removeUser(path: string, user: string): Promise<void> {
  const users = new Map(readUsers(path));
  if (!users.delete(user)) {
    throw new SlipwayError('ACCOUNT_UNKNOWN', `no such user: ${user}`, {
      hint: 'slipway registry user ls shows them',
    });
  }
  await replace(path, formatHtpasswd(users));
}

/** One that need not be remembered, for whoever gives none: 128 bits. */
export function makePassword(): string {
  return randomBytes(16).toString('base64url');
}

/** @throws CONFIG_INVALID, JSON_INVALID */
export function listKeys(path: string): readonly ApiKey[] {
  return parseKeys(textOf(path) ?? '{"keys": []}');
}

export interface NewKey {
  readonly user: string;
  readonly actions: readonly Action[];
  readonly expiresAtMs?: number;
  readonly note?: string;
}

/** The key's text, which is kept nowhere. */
export async function addKey(path: string, key: NewKey): Promise<string> {
  const made = makeKey(key);
  await replace(path, formatKeys([...listKeys(path), made.key]));
  return made.text;
}

/** @throws ACCOUNT_UNKNOWN */
export async function removeKey(path: string, id: string): Promise<void> {
  const keys = listKeys(path);
  const left = keys.filter((key) => key.id !== id);
  if (left.length === keys.length) {
    throw new SlipwayError('ACCOUNT_UNKNOWN', `no such key: ${id}`, {
      hint: 'slipway registry key ls shows them',
    });
  }
  await replace(path, formatKeys(left));
}

function readUsers(path: string): Users {
  return parseHtpasswd(textOf(path) ?? '');
}

/** Undefined where there is none yet. */
function textOf(path: string): string | undefined {
  return existsSync(path) ? readNamedFile(path).toString('utf8') : undefined;
}

function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  return writeInPlace(temporary, path, Buffer.from(text), { mode: 0o600 });
}
