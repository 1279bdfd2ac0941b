/** A registry on loopback over a store of its own, gone when disposed. */
import { type ServeRegistryOptions, serveRegistry } from '#registry/server.ts';
import { type StoreProviderOptions, storeProvider } from '#registry/store-provider.ts';
import { openRemote, type RemoteOptions, type RemoteRepository } from '#remote/repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { temporaryStore } from './store.ts';

export interface RegistryUnderTest extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  readonly store: LocalStore;
  /** What it logged so far. */
  readonly log: readonly string[];
  url(path: string): string;
}

export async function temporaryRegistry({
  allowSparse = false,
  ...options
}: Partial<Omit<ServeRegistryOptions, 'provider' | 'address'>> &
  StoreProviderOptions = {}): Promise<RegistryUnderTest> {
  const stack = new AsyncDisposableStack();
  const { store } = stack.use(await temporaryStore());
  const provider = stack.use(await storeProvider(store, { allowSparse }));
  const log: string[] = [];
  const server = stack.use(
    await serveRegistry({
      provider,
      address: '127.0.0.1:0',
      closeGraceMs: 100,
      accessLog: 'combined',
      log: (line) => void log.push(line),
      ...options,
    }),
  );
  return {
    address: server.address,
    store,
    log,
    url: (path) => `http://${server.address}${path}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A client that does not wait between attempts. */
export function remoteAt(registry: string, options: Partial<RemoteOptions> = {}): RemoteRepository {
  return openRemote({
    registry,
    repository: 'test/app',
    ...options,
    retry: { sleep: async () => {}, ...options.retry },
  });
}
