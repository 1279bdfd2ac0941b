/** `slipway push` over the engine's resources. */
import { ignoreEvents } from '#core/events.ts';
import { hostPlatform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { CallContext, PushResult } from '#engine.ts';
import { type PushOptions, pushImage } from '#image/push.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

export async function push(
  resources: Resources,
  reference: Reference,
  options: CallContext &
    Pick<PushOptions, 'image' | 'asItIs' | 'byDigest' | 'onlyPlatform' | 'moreTags'> & {
      /** Nobody's certificate is asked for, and plain HTTP will do. */
      readonly isInsecure?: boolean;
    },
): Promise<PushResult> {
  const events = options.events ?? ignoreEvents;
  const store = await resources.store();
  const uploads = store.registries.uploads(reference);
  await using remote = await remoteRepository(resources, reference, {
    ...options,
    events,
    uploads,
    forPush: true,
  });
  return await pushImage({
    store,
    remote,
    reference,
    platform: hostPlatform(process.arch),
    ...(options.image ? { image: options.image } : {}),
    asItIs: options.asItIs ?? false,
    byDigest: options.byDigest ?? false,
    ...(options.onlyPlatform ? { onlyPlatform: options.onlyPlatform } : {}),
    ...(options.moreTags ? { moreTags: options.moreTags } : {}),
    limit: resources.transfers,
    events,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
