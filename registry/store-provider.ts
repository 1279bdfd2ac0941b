/**
 * The store behind the registry: blobs are those of builds and images, shared by digest, and visible
 * in a repository once they were uploaded or mounted there, or are part of a manifest put there.
 */
import type { Lease } from '#store/leases.ts';
import type { LocalStore } from '#store/local-store.ts';
import type { Upload } from '#store/uploads.ts';
import type { RegistryProvider, UploadSession } from './provider.ts';
import { storeCare } from './store-care.ts';

/**
 * A lease holds what a request looks at until a link or a manifest of the repository does. One per
 * request would cost each of them two transactions, one for ever would hold everything: so each
 * lasts for a while, and the one before it is kept as long again for the requests that began with it.
 */
const LEASE_TURN_MS = 10 * 60_000;

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
  const leases = await TurningLease.start(store);
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

class TurningLease implements AsyncDisposable {
  readonly #store: LocalStore;
  readonly #timer: NodeJS.Timeout;
  #current: Lease;
  #previous: Lease | undefined;

  private constructor(store: LocalStore, first: Lease) {
    this.#store = store;
    this.#current = first;
    this.#timer = setInterval(() => void this.#turn(), LEASE_TURN_MS);
    this.#timer.unref();
  }

  static async start(store: LocalStore): Promise<TurningLease> {
    return new TurningLease(store, await store.lease({ purpose: PURPOSE }));
  }

  get current(): Lease {
    return this.#current;
  }

  async #turn(): Promise<void> {
    const ended = this.#previous;
    this.#previous = this.#current;
    this.#current = await this.#store.lease({ purpose: PURPOSE });
    try {
      await ended?.[Symbol.asyncDispose]();
    } catch {
      // A busy database: the row goes with this process then, as every lease of a dead owner does.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#previous?.[Symbol.asyncDispose]();
    await this.#current[Symbol.asyncDispose]();
  }
}

const PURPOSE = 'registry';
