/** The remote side of pull, push, FROM and load --to, with the user's credentials. */
import type { EventSink } from '#core/events.ts';
import type { Reference } from '#core/reference.ts';
import type { Settings } from '#engine.ts';
import { NO_CREDENTIALS, readCredentials } from '#remote/credentials.ts';
import { openRemote, type RemoteRepository } from '#remote/repository.ts';
import type { RetryPolicy } from '#remote/retry.ts';
import type { UploadMemory } from '#remote/upload-memory.ts';
import type { Resources } from './resources.ts';

/** The caller disposes it. Nothing is sent yet. */
export function remoteRepository(
  { settings }: Resources,
  { registry, repository }: Reference,
  options: {
    readonly events: EventSink;
    readonly scheme?: 'http' | 'https';
    readonly signal?: AbortSignal;
    /** Uploads that earlier processes began. */
    readonly uploads?: UploadMemory;
  },
): RemoteRepository {
  const { credentialsFile, retry } = settings;
  return openRemote({
    registry,
    repository,
    credentials: credentialsFile === undefined ? NO_CREDENTIALS : readCredentials(credentialsFile),
    events: options.events,
    ...(retry ? { retry: policyOf(retry) } : {}),
    ...(options.scheme ? { scheme: options.scheme } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.uploads ? { uploads: options.uploads } : {}),
  });
}

/** A pause that was given is the same each time. */
function policyOf({ count, delayMs }: NonNullable<Settings['retry']>): Partial<RetryPolicy> {
  const attemptsMax = count + 1;
  if (delayMs === undefined) return { attemptsMax };
  return { attemptsMax, firstDelayMs: delayMs, delayMsMax: delayMs, random: () => 1 };
}
