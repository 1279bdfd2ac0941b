/**
 * The folders of cache mounts on their way into a cache: each a layer of the cache image, packed while
 * nobody writes to it. What is not here, since all steps were taken from the cache, goes along from the
 * cache that it was offered by, so that a machine that forgets does not make the others forget.
 */
import { rm } from 'node:fs/promises';
import type { CacheMountChoice } from '#core/build-cache.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { OCI_LAYER } from '#core/media-type.ts';
import type { BlobStore } from '#core/repository.ts';
import { indexTarStream } from '#layer/index-tar.ts';
import { diskBytes } from '#store/disk-files.ts';
import { guardLayer } from '../mounts/leak-guard.ts';
import type { BuildSession } from '../session.ts';
import type { OfferedLayer } from './offers.ts';

/** A mount that goes along. */
export type ExportedMount =
  /** `layer`: a plain tar of the store. */
  | { readonly kind: 'packed'; readonly id: string; readonly layer: Descriptor }
  /** As the other cache has it. */
  | { readonly kind: 'carried'; readonly id: string; readonly offer: OfferedLayer };

/** Sorted by id. What cannot go along is told. */
export async function exportedMounts(
  session: BuildSession,
  choice: CacheMountChoice,
): Promise<readonly ExportedMount[]> {
  const mounts: ExportedMount[] = [];
  for (const id of chosenIds(session, choice)) {
    const mount = (await packed(session, id, choice)) ?? carried(session, id);
    if (mount) mounts.push(mount);
  }
  return mounts;
}

/** Of those that the build names: all that are shared by builds, or the ones wanted. */
function chosenIds(session: BuildSession, { ids }: CacheMountChoice): readonly string[] {
  const named = [...(session.namedMounts ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  if (ids === 'all') return named.flatMap(([id, sharing]) => (sharing === 'private' ? [] : [id]));
  for (const wanted of ids) {
    if (named.some(([id]) => isOf(wanted, id))) continue;
    tell(session, wanted, 'no step of this build mounts it');
  }
  return named.flatMap(([id]) => (ids.some((wanted) => isOf(wanted, id)) ? [id] : []));
}

/** The Dockerfile's id is the first part: owner, mode and beginning stand behind it. */
function isOf(wanted: string, id: string): boolean {
  return id === wanted || id.startsWith(`${wanted} `);
}

async function packed(
  session: BuildSession,
  id: string,
  { bytesMax }: CacheMountChoice,
): Promise<ExportedMount | undefined> {
  const { isThere, held } = session.store.mountCaches.tryLock(id);
  await using mount = held;
  if (!mount) {
    if (isThere) tell(session, id, 'another build uses it');
    return undefined;
  }
  const bytes = diskBytes(mount.folder);
  if (bytes > bytesMax) {
    tell(session, id, `it has ${bytes} bytes: cache-mounts-max=SIZE allows more than ${bytesMax}`);
    return undefined;
  }
  try {
    return { kind: 'packed', id, layer: await pack(session, mount.folder) };
  } catch (error) {
    if (!isSlipwayError(error) || error.kind === 'cancelled' || error.kind === 'exhausted')
      throw error;
    tell(session, id, error.message);
    return undefined;
  }
}

/** @throws SECRET_LEAKED, FILE_CHANGED, ENTRY_REFUSED */
async function pack(session: BuildSession, folder: string): Promise<Descriptor> {
  const { store, lease, helper, secrets, signal } = session;
  const output = store.paths.temporary('ingest');
  try {
    const { digest, size } = await helper.pack({ folder, overlay: false, output, signal });
    const blobs = store.blobs(lease);
    session.leftovers.add(digest);
    await blobs.adopt(output, { digest, size });
    const { index } = await indexTarStream(blobs.read(digest, { signal }));
    guardLayer(await store.layers.addIndex(digest, index), secrets.all());
    return { mediaType: OCI_LAYER, digest, size };
  } finally {
    await rm(output, { force: true });
  }
}

function carried(session: BuildSession, id: string): ExportedMount | undefined {
  const offer = session.imported.mount(id);
  return offer && { kind: 'carried', id, offer };
}

function tell({ vertices }: BuildSession, id: string, why: string): void {
  vertices.note('warning', `cache mount ${id} is not exported: ${why}`);
}

/** The blobs of a place with some that are still elsewhere: read there, if anybody needs them. */
export function withCarried(blobs: BlobStore, mounts: readonly ExportedMount[]): BlobStore {
  const elsewhere = new Map<Digest, OfferedLayer>();
  for (const mount of mounts) {
    if (mount.kind === 'carried') elsewhere.set(mount.offer.descriptor.digest, mount.offer);
  }
  return {
    stat: async (digest, options) => {
      const offer = elsewhere.get(digest);
      return offer ? { digest, size: offer.descriptor.size } : await blobs.stat(digest, options);
    },
    read: (digest, options) => (elsewhere.get(digest)?.from.blobs ?? blobs).read(digest, options),
    ingest: (expected, options) => blobs.ingest(expected, options),
  };
}

export function diffIdOf(mount: ExportedMount): Digest {
  return mount.kind === 'packed' ? mount.layer.digest : mount.offer.diffId;
}
