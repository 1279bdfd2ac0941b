/**
 * `--cache-to`: the records of a build and their layers as a cache image, in a registry or a folder;
 * or, inline, the records alone in the manifest of the image.
 */
import type { CachePlace, CacheTarget } from '#core/build-cache.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest, encodeImageManifest } from '#core/manifest.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { RawManifest } from '#core/repository.ts';
import { compressLayers } from '#image/compress.ts';
import { type CopyOptions, type CopyResult, copyImage } from '#image/copy.ts';
import { lockFolder } from '#store/folder-lock.ts';
import { pruneLayout, reachedIn } from '#store/layout-prune.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { OciLayout } from '#store/oci-layout.ts';
import type { BuildSession } from '../session.ts';
import type { StageState } from '../state.ts';
import type { Vertex } from '../vertex.ts';
import { CACHE_CONFIG_TYPE, cacheDocument, encodeCache, INLINE_ANNOTATION } from './document.ts';
import { writeFacts } from './facts-layer.ts';
import { diffIdOf, exportedMounts, withCarried } from './mounts-export.ts';
import { nameOfPlace, openPlace, tagOf } from './places.ts';

type PlaceTarget = Extract<CacheTarget, { readonly kind: 'place' }>;

/** What an inline cache adds to the manifest of the image. */
export function inlineCache(
  { store }: BuildSession,
  state: StageState,
): Readonly<Record<string, string>> {
  const layers = state.layers.map(({ diffId }) => diffId);
  const records = layers.flatMap((diffId) => store.records.of(diffId));
  return { [INLINE_ANNOTATION]: encodeCache(cacheDocument(layers, records)) };
}

/** Writes every cache that is no inline one. @throws what its place throws, unless it is to be ignored */
export async function exportCaches(
  session: BuildSession,
  states: readonly StageState[],
  targets: readonly CacheTarget[],
): Promise<void> {
  for (const target of targets) {
    if (target.kind === 'inline') continue;
    const name = `exporting cache to ${target.place.kind === 'local' ? 'client directory' : 'registry'}`;
    try {
      await session.vertices.run(name, (vertex) =>
        exportCache(session, states, { target, vertex }),
      );
    } catch (error) {
      if (!target.ignoreError || !isSlipwayError(error) || error.kind === 'cancelled') throw error;
      const text = `no cache was written to ${nameOfPlace(target.place)}: ${error.message}`;
      session.vertices.note('warning', text);
    }
  }
}

async function exportCache(
  session: BuildSession,
  states: readonly StageState[],
  { target, vertex }: { readonly target: PlaceTarget; readonly vertex: Vertex },
): Promise<void> {
  const { store, lease, signal, transfers: limit } = session;
  const { place, mode } = target;
  const layers = await layersFor(
    session,
    mode === 'max' ? session.made : states.flatMap((state) => finalLayers(session, state)),
  );
  const records = layers.flatMap(({ digest }) => store.records.of(digest));
  const facts = await writeFacts(session, records);
  const mounts = target.mounts ? await exportedMounts(session, target.mounts) : [];
  const plain = [
    ...layers,
    ...(facts ? [facts] : []),
    ...mounts.flatMap((mount) => (mount.kind === 'packed' ? mount.layer : [])),
  ];
  const carried = mounts.flatMap((mount) => (mount.kind === 'carried' ? mount.offer : []));
  const document = cacheDocument(
    [...plain.map(({ digest }) => digest), ...carried.map(({ diffId }) => diffId)],
    records,
    {
      ...(facts ? { facts: facts.digest } : {}),
      mounts: mounts.map((mount) => ({ id: mount.id, diffId: diffIdOf(mount) })),
    },
  );
  const bytes = Buffer.from(encodeCache(document));
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await using ingest = await store.blobs(lease).ingest(blob);
  await ingest.write(bytes);
  await ingest.commit(blob);
  vertex.status(preparing(layers.length, mounts.length), { done: true });
  const config = { mediaType: CACHE_CONFIG_TYPE, ...blob };
  const here = new MemoryRepository({ blobs: store.blobs(lease) });
  const { digest: selector } = await here.putManifest(
    encodeImageManifest({ config, layers: plain }),
  );
  const compressed = await compressLayers({ store, lease, from: here, selector, limit, signal });
  const from = new MemoryRepository({ blobs: withCarried(store.blobs(lease), mounts) });
  const raw = await compressed.repository.getManifest(compressed.manifest.digest);
  const image = await from.putManifest(
    encodeImageManifest({
      config,
      layers: [...layersOf(raw), ...carried.map(({ descriptor }) => descriptor)],
    }),
  );
  const tag = tagOf(place);
  const source = { from, selector: image.digest, ...(tag === undefined ? {} : { tag }) };
  const { manifest, transferred } =
    place.kind === 'local'
      ? await writeFolder(session, place, source)
      : await writeRegistry(session, place, source);
  vertex.status(`writing cache manifest ${manifest.digest}, ${transferred} new blobs`, {
    done: true,
  });
}

type Source = Pick<CopyOptions, 'from' | 'selector' | 'tag'>;

async function writeRegistry(
  session: BuildSession,
  place: CachePlace,
  source: Source,
): Promise<CopyResult> {
  const { signal, transfers: limit } = session;
  await using opened = await openPlace(session, place, { create: true });
  return await copyImage({ ...source, to: opened.repository, direction: 'push', limit, signal });
}

/** Alone in the folder: what was found there must not be cleared away by another build meanwhile. */
async function writeFolder(
  { signal, transfers: limit }: BuildSession,
  { folder, tag, reset = false }: Extract<CachePlace, { readonly kind: 'local' }>,
  source: Source,
): Promise<CopyResult> {
  // Makes the folder.
  await OciLayout.open(folder, { create: true });
  using _ = await lockFolder(folder, signal);
  const layout = await OciLayout.open(folder);
  const before = await reachedIn(layout);
  const copied = await copyImage({ ...source, to: layout, direction: 'push', limit, signal });
  await pruneLayout(folder, { before, ...(reset ? { keepOnly: tag } : {}) });
  return copied;
}

function preparing(layers: number, mounts: number): string {
  const text = `preparing ${layers} layers of the build cache`;
  return mounts === 0 ? text : `${text} and ${mounts} cache ${mounts === 1 ? 'mount' : 'mounts'}`;
}

function layersOf(raw: RawManifest): readonly Descriptor[] {
  const manifest = decodeManifest(raw);
  return manifest.kind === 'image' ? manifest.layers : [];
}

/** The layers of the image that its steps made, without those of the base. */
function finalLayers({ made }: BuildSession, state: StageState): readonly Digest[] {
  return state.layers.flatMap(({ diffId }) => (made.has(diffId) ? diffId : []));
}

/** As plain tars, each once, in an order that does not depend on which step was faster. */
async function layersFor(
  { store, lease }: BuildSession,
  diffIds: Iterable<Digest>,
): Promise<readonly Descriptor[]> {
  const layers: Descriptor[] = [];
  for (const digest of [...new Set(diffIds)].sort()) {
    const found = await store.blobs(lease).stat(digest);
    if (found) layers.push({ mediaType: OCI_LAYER, digest, size: found.size });
  }
  return layers;
}
