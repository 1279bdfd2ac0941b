/** What `save --have` names: a registry by its URL, anything else by its path. */
import { ignoreEvents } from '#core/events.ts';
import { parseDestination, placeOf } from '#image/destination.ts';
import type { Have } from '#image/have.ts';
import { haveFile } from '#image/have-file.ts';
import type { RemoteRepository } from '#remote/repository.ts';
import { remoteRepository } from './remote-repository.ts';
import type { Resources } from './resources.ts';

/** Disposing closes connections to registries. */
export interface HaveSources extends AsyncDisposable {
  readonly have: readonly Have[];
}

/** @throws USAGE, FILE_MISSING, FILE_UNUSABLE, ARCHIVE_INVALID */
export async function openHaveSources(
  resources: Resources,
  sources: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<HaveSources> {
  const held = new AsyncDisposableStack();
  const { paths } = await resources.store();
  const temporary = (): string => paths.temporary('ingest');
  const have: Have[] = [];
  for (const source of sources) {
    have.push(
      /^(registry|https?):\/\//.test(source)
        ? haveRegistry(resources, source, held)
        : await haveFile(source, { temporary, ...options }),
    );
  }
  return { have, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/**
 * A registry has a layer when every repository has it that `load --to` would send the image to.
 * Images without a name have no place in a registry.
 */
function haveRegistry(resources: Resources, source: string, held: AsyncDisposableStack): Have {
  const destination = parseDestination(source);
  const { registry, scheme } = destination;
  const options = { events: ignoreEvents, forPush: true, ...(scheme ? { scheme } : {}) };
  const open = async (repository: string): Promise<RemoteRepository> =>
    held.use(await remoteRepository(resources, { registry, repository }, options));
  const remotes = new Map<string, Promise<RemoteRepository>>();
  const remoteAt = (repository: string): Promise<RemoteRepository> => {
    const known = remotes.get(repository);
    if (known) return known;
    const remote = open(repository);
    remotes.set(repository, remote);
    return remote;
  };
  return {
    async has({ digest }, { names, signal }) {
      const places = new Set(names.map((name) => placeOf(name, destination).repository));
      for (const place of places) {
        const { blobs } = await remoteAt(place);
        const call = signal ? { signal } : {};
        if (!(await resources.transfers(() => blobs.stat(digest, call)))) return false;
      }
      return places.size > 0;
    },
  };
}
