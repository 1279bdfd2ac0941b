/** The guard that a configuration asks for, over files that are read again when they change. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccessRules, AuthConfig, RegistryConfig } from '#core/registry-config.ts';
import { WatchedFile } from '../watched-file.ts';
import { parseKeys } from './api-keys.ts';
import { Guard, type Live } from './guard.ts';
import { parseHtpasswd } from './htpasswd.ts';
import { ANONYMOUS_PULL, closedTo, judgeBy, SIGNED_IN_ONLY } from './rules.ts';
import { foreignTokens, signingKey, tokenSigner } from './tokens.ts';

export interface OpenGuardOptions {
  /** Where users, keys and the signing key are unless told otherwise: `registry/` in the store. */
  readonly folder: string;
  /** Repositories that are for nobody who has not signed in, whatever the rules say. Default: none. */
  readonly isClosed?: (repository: string) => boolean;
  /** One line for each change of a file that was not taken. */
  readonly log?: (line: string) => void;
}

/** Files of the folder. */
export const USERS_FILE = 'users';
export const KEYS_FILE = 'keys.json';
const SIGNING_KEY_FILE = 'token.key';

/**
 * Undefined where nothing asks for one: everybody may do everything then.
 * @throws CONFIG_INVALID, JSON_INVALID for a file that cannot be, FILE_MISSING
 */
export function openGuard(
  { auth, tls }: Pick<RegistryConfig, 'auth' | 'tls'>,
  options: OpenGuardOptions,
): Guard | undefined {
  const users = present(auth.users, join(options.folder, USERS_FILE));
  const keys = present(auth.keys, join(options.folder, KEYS_FILE));
  const isAsked = users ?? keys ?? auth.server ?? auth.rules ?? tls?.clientCa;
  // "Everybody may pull" says that not everybody may push, also before there is a user.
  if (isAsked === undefined && auth.anonymous === 'none') return undefined;
  return new Guard({
    users: users === undefined ? fixed(new Map()) : watched(users, parseHtpasswd, options),
    keys: keys === undefined ? fixed([]) : watched(keys, parseKeys, options),
    judge: fixed(closedTo(judgeBy(rulesOf(auth)), options.isClosed ?? (() => false))),
    ...tokensOf(auth, options.folder),
  });
}

/** A file that was named must be there; the usual one counts when it is. */
function present(named: string | undefined, usual: string): string | undefined {
  return named ?? (existsSync(usual) ? usual : undefined);
}

function rulesOf({ rules, anonymous }: AuthConfig): AccessRules {
  return rules ?? (anonymous === 'pull' ? ANONYMOUS_PULL : SIGNED_IN_ONLY);
}

function tokensOf({ server, scheme, service, tokenSeconds }: AuthConfig, folder: string) {
  if (server) {
    const { realm } = server;
    const challenger = { kind: 'bearer', service: server.service, realm } as const;
    return { foreignToken: foreignTokens(server), challenger };
  }
  if (scheme === 'basic') return { challenger: { kind: 'basic' } as const };
  const key = signingKey(join(folder, SIGNING_KEY_FILE));
  const signer = tokenSigner({ key, service, lifetimeSeconds: tokenSeconds });
  return { signer, challenger: { kind: 'bearer', service } as const };
}

function watched<T>(
  path: string,
  parse: (text: string) => T,
  { log }: OpenGuardOptions,
): WatchedFile<T> {
  return new WatchedFile({
    path,
    parse,
    onError: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      log?.(`error: ${path} changed and was not taken: ${why}`);
    },
  });
}

function fixed<T>(value: T): Live<T> {
  return { value, version: 0 };
}
