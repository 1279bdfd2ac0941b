/** The caches that a RUN mounts: each once, whatever the number of its mounts. */
import type { CacheMount } from '#dockerfile/mount.ts';
import type { MountCacheRequest } from '#store/mount-caches.ts';
import { sourcesDigest } from '../sources.ts';
import { materialize } from './materialize.ts';
import { literalSource, type RequestedMount } from './requested.ts';

export interface WantedCache extends MountCacheRequest {
  readonly requests: readonly RequestedMount[];
}

/** By id. @throws SOURCE_MISSING */
export async function wantedCaches(
  requested: readonly RequestedMount[],
  signal: AbortSignal,
): Promise<readonly WantedCache[]> {
  const wanted = new Map<string, WantedCache>();
  for (const request of requested) {
    const { mount } = request;
    if (mount.type !== 'cache') continue;
    const id = await cacheId(request, mount);
    const known = wanted.get(id);
    // One that is not to be shared is not, whatever another mount says.
    const sharing = known && known.sharing !== 'shared' ? known.sharing : mount.sharing;
    const { mode = 0o755, uid = 0, gid = 0 } = mount;
    const requests = [...(known?.requests ?? []), request];
    wanted.set(id, { id, requests, sharing, mode, uid, gid, ...seedOf(request, signal) });
  }
  return [...wanted.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * As in BuildKit another owner, mode or beginning is another cache: nobody's files become
 * unreadable for the next step because it runs as somebody else.
 */
async function cacheId({ path = '', files }: RequestedMount, mount: CacheMount): Promise<string> {
  const { mode, uid, gid } = mount;
  const seed = files && (await seedDigest(files));
  const parts = [
    mount.id ?? path,
    ...(seed === undefined ? [] : [`from=${seed.slice(7, 19)}`]),
    ...(mode === undefined || mode === 0o755 ? [] : [`mode=${mode.toString(8)}`]),
    ...(uid ? [`uid=${uid}`] : []),
    ...(gid ? [`gid=${gid}`] : []),
  ];
  return parts.join(' ');
}

async function seedDigest({ origin, source }: NonNullable<RequestedMount['files']>) {
  using from = await origin.open();
  return await sourcesDigest({ from, sources: [literalSource(source)] }, { owners: true });
}

function seedOf(
  { files }: RequestedMount,
  signal: AbortSignal,
): Pick<MountCacheRequest, 'seed'> | undefined {
  return (
    files && {
      seed: async (folder) => {
        using tree = await files.origin.open();
        await materialize({ tree, source: files.source, folder, signal });
      },
    }
  );
}
