/** `slipway load`: one archive or several, whole or in volumes, from files or a stream. */
import { hostPlatform } from '#core/platform.ts';
import type { ArchiveSource } from '#engine.ts';
import { archiveInputs, type GivenArchive } from '#image/archive-inputs.ts';
import type { ArchiveInput } from '#image/archive-open.ts';
import { type ArrivedImage, type LoadOptions, loadImages } from '#image/load.ts';
import { loadVolumes, wholeSegments } from '#image/load-volumes.ts';
import { incomingLists } from '#store/incoming.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { Resources } from './resources.ts';

/** Into the local store, archive by archive. */
export async function load(
  resources: Resources,
  source: ArchiveSource,
  options: Omit<LoadOptions, 'store' | 'input' | 'platform' | 'limit'>,
): Promise<readonly ArrivedImage[]> {
  const store = await resources.store();
  const platform = hostPlatform(process.arch);
  const loading = { ...options, store, platform, limit: resources.transfers };
  const arrived: ArrivedImage[] = [];
  for (const given of await givenArchives(source, store)) {
    const images =
      given.kind === 'volumes'
        ? await loadVolumes(given, loading)
        : await loadImages({ ...loading, input: given.input });
    arrived.push(...images);
  }
  return arrived;
}

/** Whole archives only, for who cannot wait for the rest. @throws VOLUME_MISSING */
export async function wholeArchives(
  source: ArchiveSource,
  store: LocalStore,
): Promise<readonly ArchiveInput[]> {
  const inputs: ArchiveInput[] = [];
  for (const given of await givenArchives(source, store)) {
    inputs.push(given.kind === 'volumes' ? await wholeSegments(given, store) : given.input);
  }
  return inputs;
}

type Given =
  | Exclude<GivenArchive, { readonly kind: 'archive' }>
  | { readonly kind: 'archive'; readonly input: ArchiveInput };

async function givenArchives(source: ArchiveSource, store: LocalStore): Promise<readonly Given[]> {
  if (typeof source !== 'string' && !isList(source)) return [{ kind: 'archive', input: source }];
  const paths = typeof source === 'string' ? [source] : source;
  return await archiveInputs(paths, await incomingLists(store.paths));
}

function isList(source: ArchiveSource): source is readonly string[] {
  return Array.isArray(source);
}
