/**
 * The store behind the registry: blobs are those of builds and images, shared by digest, and visible
 * in a repository once they were uploaded or mounted there, or are part of a manifest put there.
 */
import type { LocalStore } from '#store/local-store.ts';
import type { Upload } from '#store/uploads.ts';
import type { RegistryProvider, UploadSession } from './provider.ts';
import { storeCare } from './store-care.ts';
import { TurningLease } from './turning-lease.ts';

export interface StoreProvider extends RegistryProvider, AsyncDisposable {}

export interface StoreProviderOptions {
  /** Take manifests whose blobs or manifests were not all pushed. Default: false. */
  readonly allowSparse?: boolean;
}

/** Dispose it after the server and before the store. */
export async function storeProvider(
  store: LocalStore,
  { allowSparse: sparse = false }: StoreProviderOptions = {},
): Promise<StoreProvider> {
  const leases = await TurningLease.start(store, PURPOSE);
  return {
    repository: (name) =>
      store.repository({ space: 'registry', name, lease: leases.current, sparse }),
    catalog: async ({ last = '', limit }) => store.catalog('registry', { after: last, limit }),
    repositoriesWith: async (digest) => store.repositoriesWith(digest),
    uploads: {
      create: async (options) => sessionOf(await store.uploads.create(options), leases),
      open: async (key) => sessionOf(await store.uploads.open(key), leases),
    },
    care: storeCare(store),
    [Symbol.asyncDispose]: () => leases[Symbol.asyncDispose](),
  };
}

function sessionOf(upload: Upload, leases: TurningLease): UploadSession {
  return {
    id: upload.id,
    offset: () => upload.offset(),
    append: (source, options) => upload.append(source, options),
    commit: (digest) => upload.commit({ digest }, leases.current),
    cancel: () => upload.cancel(),
  };
}

const PURPOSE = 'registry';
