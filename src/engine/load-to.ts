/** `slipway load --to`: an archive into a registry, with the user's credentials. */
import { ignoreEvents } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import { hostPlatform } from '#core/platform.ts';
import type { ArchiveSource, LoadToOptions } from '#engine.ts';
import { type ArchiveInput, openArchive } from '#image/archive-open.ts';
import { readVerifyKey } from '#image/bundle-signature.ts';
import { parseDestination } from '#image/destination.ts';
import { loadToRegistry } from '#image/load-to.ts';
import { wholeArchives } from './load.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

/** The store lends a place for the plain copy of a compressed archive, and gets nothing. */
export async function loadTo(
  resources: Resources,
  source: ArchiveSource,
  options: LoadToOptions,
): Promise<readonly LoadedImage[]> {
  const loaded: LoadedImage[] = [];
  for (const input of await wholeArchives(source, await resources.store())) {
    loaded.push(...(await sendArchive(resources, input, options)));
  }
  return loaded;
}

async function sendArchive(
  resources: Resources,
  input: ArchiveInput,
  options: LoadToOptions,
): Promise<readonly LoadedImage[]> {
  const destination = parseDestination(options.to, options.maps);
  const events = options.events ?? ignoreEvents;
  const signal = options.signal ? { signal: options.signal } : {};
  const { paths } = await resources.store();
  const verify =
    options.verify === undefined ? {} : { verify: await readVerifyKey(options.verify) };
  await using held = new AsyncDisposableStack();
  const archive = held.use(
    await openArchive(input, { temporary: () => paths.temporary('ingest'), ...verify, ...signal }),
  );
  const { registry, scheme } = destination;
  const open = async (repository: string) =>
    held.use(
      await remoteRepository(
        resources,
        { registry, repository },
        { events, forPush: true, ...signal, ...(scheme ? { scheme } : {}) },
      ),
    );
  return await loadToRegistry({
    from: archive.repository,
    destination,
    open,
    platform: hostPlatform(process.arch),
    limit: resources.transfers,
    events,
    ...signal,
  });
}
