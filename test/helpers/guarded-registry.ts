/** A registry that asks who somebody is: ana may do everything, bob what his team may, others pull `pub/*`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from 'bcryptjs';
import type { AccessRules, AuthConfig } from '#core/registry-config.ts';
import { DEFAULT_CONFIG } from '#core/registry-config.ts';
import { addKey, keysFile, usersFile } from '#engine/registry-users.ts';
import { openGuard } from '#registry/auth/open-guard.ts';
import type { RemoteRepository } from '#remote/repository.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from './registry.ts';
import { tempFolder } from './temp-folder.ts';

export const ANA = ['ana', 'of the team'] as const;
export const BOB = ['bob', 'pass:word'] as const;

export interface GuardedRegistry extends RegistryUnderTest {
  /** Where users, keys and the signing key are. */
  readonly folder: string;
  /** A key of ana's that may only pull. */
  readonly pullKey: string;
}

const RULES: AccessRules = {
  groups: { team: ['bob'] },
  rules: [
    { repositories: '**', users: ['ana'], actions: ['pull', 'push', 'delete'] },
    { repositories: 'team/**', groups: ['team'], actions: ['pull', 'push'] },
    { repositories: 'pub/*', users: ['anonymous'], actions: ['pull'] },
  ],
};

export async function guardedRegistry(
  auth: Partial<AuthConfig> = { rules: RULES },
): Promise<GuardedRegistry> {
  const stack = new AsyncDisposableStack();
  const root = stack.use(tempFolder()).path;
  const folder = join(root, 'registry');
  mkdirSync(folder);
  writeFileSync(usersFile(root, undefined), await usersText());
  const pullKey = await addKey(keysFile(root, undefined), { user: 'ana', actions: ['pull'] });
  const log: string[] = [];
  const guard = openGuard(
    { auth: { ...DEFAULT_CONFIG.auth, ...auth } },
    { folder, log: (line) => void log.push(line) },
  );
  const registry = stack.use(await temporaryRegistry(guard ? { guard } : {}));
  return { ...registry, folder, pullKey, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export function basic([user, password]: readonly [string, string]): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Our client, signed in. */
export function clientAt(
  address: string,
  [username, password]: readonly [string, string],
  repository: string,
): RemoteRepository {
  const credential = { kind: 'password', username, password } as const;
  const credentials = { find: async () => ({ value: credential, origin: 'test' }) };
  return remoteAt(address, { repository, credentials });
}

/** With few rounds: hundreds of tests sign in. */
async function usersText(): Promise<string> {
  const lines = [ANA, BOB].map(async ([user, password]) => `${user}:${await hash(password, 4)}\n`);
  return (await Promise.all(lines)).join('');
}
