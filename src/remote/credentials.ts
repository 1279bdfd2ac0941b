/**
 * Who we are towards a registry: the sources (files of docker and podman, a variable) are asked in
 * their order, and the first that knows a repository counts.
 */
import type { Fact } from '#core/registry-settings.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged at the token endpoint. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A token that the registry itself takes. */
  | { readonly kind: 'registry-token'; readonly token: string };

/** Answers who we are towards a repository; undefined: nobody. */
export interface Credentials {
  /** @throws CONFIG_INVALID, PERMISSION, CREDENTIAL_HELPER */
  find(registry: string, repository: string): Promise<Fact<Credential> | undefined>;
}

/** For anonymous access. */
export const NO_CREDENTIALS: Credentials = { find: async () => undefined };

/** The first of them that knows. */
export function firstOf(sources: readonly Credentials[]): Credentials {
  return {
    find: async (registry, repository) => {
      for (const source of sources) {
        const found = await source.find(registry, repository);
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** Asked once per repository: a credential helper is a program to be started. */
export function remembered(source: Credentials): Credentials {
  const known = new Map<string, ReturnType<Credentials['find']>>();
  return {
    find: (registry, repository) => {
      const key = `${registry}/${repository}`;
      const found = known.get(key) ?? source.find(registry, repository);
      known.set(key, found);
      return found;
    },
  };
}

/** `Basic …` (RFC 7617, UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
