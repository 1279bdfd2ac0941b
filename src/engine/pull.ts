/** `slipway pull` over the engine's resources. */
import { ignoreEvents } from '#core/events.ts';
import { hostPlatform, type Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { CallContext, PullResult } from '#engine.ts';
import { pullImage } from '#image/pull.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export async function pull(
  resources: Resources,
  reference: Reference,
  options: CallContext & { readonly platform?: Platform },
): Promise<PullResult> {
  const events = options.events ?? ignoreEvents;
  await using remote = await remoteRepository(resources, reference, { ...options, events });
  return await pullImage({
    store: await resources.store(),
    remote,
    reference,
    platform: options.platform ?? hostPlatform(process.arch),
    limit: resources.transfers,
    events,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
