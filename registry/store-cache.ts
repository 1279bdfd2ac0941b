/** The store as what the proxy keeps its copies in. */
import type { Digest } from '#core/digest.ts';
import type { BlobInfo, BlobSource } from '#core/repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { ArriveOptions, ProxyCache } from './proxy/cache.ts';
import { TurningLease } from './turning-lease.ts';

export interface StoreCache extends ProxyCache, AsyncDisposable {}

/** Dispose it after the server and before the store. */
export async function storeCache(store: LocalStore): Promise<StoreCache> {
  const leases = await TurningLease.start(store, PURPOSE);
  return {
    records: store.proxied,
    repository: (name) =>
      store.repository({ space: 'registry', name, lease: leases.current, sparse: true }),
    has: async (digest: Digest) => (await store.blobs(leases.current).peek(digest)) !== undefined,
    arrive: (blob, source, options) => arrive(store, blob, source, options),
    [Symbol.asyncDispose]: () => leases[Symbol.asyncDispose](),
  };
}

const PURPOSE = 'registry proxy';

/** Under a lease of its own: it may take hours. */
async function arrive(
  store: LocalStore,
  blob: BlobInfo,
  source: BlobSource,
  { names, onPartial, signal }: ArriveOptions,
): Promise<void> {
  await using lease = await store.lease({ purpose: PURPOSE });
  const blobs = store.arrivingBlobs(lease);
  await blobs.receive(blob, source, { onPartial, signal, oneConnection: true });
  for (const name of names()) {
    await store.repository({ space: 'registry', name, lease }).blobs.mount(blob.digest);
  }
}
