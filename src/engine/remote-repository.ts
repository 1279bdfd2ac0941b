/** The remote side of pull, push, FROM and load --to, with the user's credentials. */
import type { EventSink } from '#core/events.ts';
import type { Reference } from '#core/reference.ts';
import { NO_CREDENTIALS, readCredentials } from '#remote/credentials.ts';
import { openRemote, type RemoteRepository } from '#remote/repository.ts';
import type { Resources } from './resources.ts';

/** The caller disposes it. Nothing is sent yet. */
export function remoteRepository(
  { settings }: Resources,
  { registry, repository }: Reference,
  options: {
    readonly events: EventSink;
    readonly scheme?: 'http' | 'https';
    readonly signal?: AbortSignal;
  },
): RemoteRepository {
  const { credentialsFile } = settings;
  return openRemote({
    registry,
    repository,
    credentials: credentialsFile === undefined ? NO_CREDENTIALS : readCredentials(credentialsFile),
    events: options.events,
    ...(options.scheme ? { scheme: options.scheme } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
