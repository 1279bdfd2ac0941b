/** The tags that a registry has of a name, with the user's credentials. */
import { ignoreEvents } from '#core/events.ts';
import type { Reference } from '#core/reference.ts';
import type { CallContext } from '#engine.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export async function remoteTags(
  resources: Resources,
  reference: Reference,
  options: CallContext,
): Promise<readonly string[]> {
  const events = options.events ?? ignoreEvents;
  await using remote = await remoteRepository(resources, reference, { ...options, events });
  return await Array.fromAsync(remote.tags(options.signal ? { signal: options.signal } : {}));
}
