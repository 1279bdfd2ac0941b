/**
 * Secrets that docker sends along when it fetches: HTTP_AUTH_HEADER_host and HTTP_AUTH_TOKEN_host for
 * files; GIT_AUTH_HEADER and GIT_AUTH_TOKEN, alone or with `.host`, for repositories over http(s).
 */
import { isSshRemote } from './git-url.ts';
import type { BuildSession } from './session.ts';

/** The value of an Authorization header, or nothing. */
export function fileAuthorization({ secrets }: Secrets, url: URL): string | undefined {
  const hosts = [url.host, url.hostname];
  const header = firstOf(
    secrets,
    hosts.map((host) => `HTTP_AUTH_HEADER_${host}`),
  );
  if (header !== undefined) return header;
  const token = firstOf(
    secrets,
    hosts.map((host) => `HTTP_AUTH_TOKEN_${host}`),
  );
  return token === undefined ? undefined : `Bearer ${token}`;
}

export function gitAuthorization({ secrets }: Secrets, remote: string): string | undefined {
  const url = /^https?:/.test(remote) ? URL.parse(remote) : null;
  if (!url) return undefined;
  const names = (name: string) => [`${name}.${url.host}`, `${name}.${url.hostname}`, name];
  const header = firstOf(secrets, names('GIT_AUTH_HEADER'));
  if (header !== undefined) return header;
  const token = firstOf(secrets, names('GIT_AUTH_TOKEN'));
  // What GitHub and GitLab take for a token.
  return token === undefined
    ? undefined
    : `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

/** The socket of the agent that has the keys: `default` of --ssh, as in docker, and for ssh alone. */
export function gitAgent(
  { agents }: Pick<BuildSession, 'agents'>,
  remote: string,
): string | undefined {
  return isSshRemote(remote) ? agents.default : undefined;
}

type Secrets = Pick<BuildSession, 'secrets'>;

function firstOf(secrets: BuildSession['secrets'], ids: readonly string[]): string | undefined {
  for (const id of ids) {
    const found = secrets.read(id);
    if (found) return found.toString().trim();
  }
  return undefined;
}
