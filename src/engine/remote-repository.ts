/** The remote side of pull, push, FROM and load --to, with the user's configuration and credentials. */
import type { EventSink } from '#core/events.ts';
import type { Reference } from '#core/reference.ts';
import { NO_REGISTRY_SETTINGS } from '#core/registry-settings.ts';
import type { Settings } from '#engine.ts';
import type { ReferrersBy } from '#remote/referrers.ts';
import type { Registries } from '#remote/registries/registries.ts';
import { openRemote, type RemoteOptions, type RemoteRepository } from '#remote/repository.ts';
import type { RetryPolicy } from '#remote/retry.ts';
import type { UploadMemory } from '#remote/upload-memory.ts';
import { credentialsOf } from './credentials.ts';
import type { Resources } from './resources.ts';

export interface RemoteAccess {
  readonly events: EventSink;
  readonly scheme?: 'http' | 'https';
  readonly signal?: AbortSignal;
  /** What it has itself counts, not what mirrors have. */
  readonly forPush?: boolean;
  /** `registry.insecure=true` of an output. */
  readonly isInsecure?: boolean;
  /** Where the list of what refers to an image is. */
  readonly referrersBy?: ReferrersBy;
  /** Uploads that earlier processes began. */
  readonly uploads?: UploadMemory;
}

/** The caller disposes it. Nothing is sent yet. @throws CONFIG_INVALID, PERMISSION, REGISTRY_BLOCKED */
export async function remoteRepository(
  resources: Resources,
  reference: Reference,
  access: RemoteAccess,
): Promise<RemoteRepository> {
  return openRemote(await remoteOptions(resources, reference, access));
}

/** How a registry is reached, by whom. @throws CONFIG_INVALID, PERMISSION */
export async function remoteOptions(
  resources: Resources,
  reference: Reference,
  options: RemoteAccess,
): Promise<RemoteOptions> {
  const { settings } = resources;
  const registries = options.isInsecure ? await insecure(settings) : await resources.registries();
  return {
    ...(await registries.route(reference, options.scheme)),
    credentials: credentialsOf(resources),
    events: options.events,
    ...(settings.retry ? { retry: policyOf(settings.retry) } : {}),
    ...(settings.trace ? { trace: settings.trace } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.forPush ? { forPush: true } : {}),
    ...(options.referrersBy ? { referrersBy: options.referrersBy } : {}),
    ...(options.uploads ? { uploads: options.uploads } : {}),
  };
}

async function insecure({ registries = NO_REGISTRY_SETTINGS }: Settings): Promise<Registries> {
  const { Registries: Opened } = await import('#remote/registries/registries.ts');
  const tlsVerify = { value: false, origin: 'registry.insecure=true' };
  return new Opened({ ...registries, tlsVerify });
}

/** A pause that was given is the same each time. */
function policyOf({ count, delayMs }: NonNullable<Settings['retry']>): Partial<RetryPolicy> {
  const attemptsMax = count + 1;
  if (delayMs === undefined) return { attemptsMax };
  return { attemptsMax, firstDelayMs: delayMs, delayMsMax: delayMs, random: () => 1 };
}
