/** The remote side of pull, push and FROM, with the user's credentials. */
import type { EventSink } from '#core/events.ts';
import type { Reference } from '#core/reference.ts';
import { NO_CREDENTIALS, readCredentials } from '#remote/credentials.ts';
import { openRemote, type RemoteRepository } from '#remote/repository.ts';
import type { Resources } from './resources.ts';

/** The caller disposes it. Nothing is sent yet. */
export function remoteRepository(
  { settings }: Resources,
  { registry, repository }: Reference,
  options: { readonly events: EventSink; readonly signal?: AbortSignal },
): RemoteRepository {
  const { credentialsFile } = settings;
  return openRemote({
    registry,
    repository,
    credentials: credentialsFile === undefined ? NO_CREDENTIALS : readCredentials(credentialsFile),
    events: options.events,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
