/** A registry on loopback over a store of its own, gone when disposed. */
import { type ServeRegistryOptions, serveRegistry } from '#registry/server.ts';
import { type StoreProviderOptions, storeProvider } from '#registry/store-provider.ts';
import { endpointOf } from '#remote/endpoint.ts';
import { type HostPlan, type RegistryPlan, registryHost } from '#remote/registries/plan.ts';
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

/** A client over plain HTTP that does not wait between attempts. */
export function remoteAt(
  registry: string,
  options: Partial<RemoteOptions> & { readonly repository?: string } = {},
): RemoteRepository {
  const { repository = 'test/app', ...more } = options;
  return remoteTo([hostPlan({ registry, repository })], more);
}

/** A registry without mirrors, over plain HTTP. */
export function planAt(registry: string, repository = 'test/app'): RegistryPlan {
  return planOf([hostPlan({ registry, repository })]);
}

/** The same by way of mirrors: the registry itself is the last. */
export function remoteTo(
  hosts: readonly HostPlan[],
  options: Partial<RemoteOptions> = {},
): RemoteRepository {
  return openRemote({
    plan: planOf(hosts),
    ...options,
    retry: { sleep: async () => {}, ...options.retry },
  });
}

/** A host that nothing is configured for. */
export function hostPlan(
  host: Pick<HostPlan, 'registry' | 'repository'> & Partial<HostPlan>,
): HostPlan {
  const nothing = { origin: 'default' };
  return {
    role: 'registry',
    origin: 'default',
    endpoints: [endpointOf(host.registry, 'http')],
    resolvesTags: true,
    plainHttp: { value: 'always', ...nothing },
    verify: { value: true, ...nothing },
    authorities: { value: [], ...nothing },
    client: { value: undefined, ...nothing },
    headers: { value: {}, ...nothing },
    proxy: { value: undefined, ...nothing },
    ...host,
  };
}

function planOf(hosts: readonly HostPlan[]): RegistryPlan {
  const { registry, repository } = registryHost({ hosts });
  return {
    registry,
    repository,
    hosts,
    location: { value: `${registry}/${repository}`, origin: 'default' },
    blocked: { value: false, origin: 'default' },
    files: [],
  };
}
