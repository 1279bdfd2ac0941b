/** A registry on loopback that fetches from upstreams what it has not, with a clock that the test sets. */
import type { UpstreamConfig } from '#core/registry-config.ts';
import type { Guard } from '#registry/auth/guard.ts';
import { upstreamOf } from '#registry/config/upstreams.ts';
import { type Metrics, registryMetrics } from '#registry/operations/metrics.ts';
import { PullThrough } from '#registry/proxy/pull-through.ts';
import { serveRegistry } from '#registry/server.ts';
import { storeCache } from '#registry/store-cache.ts';
import { storeProvider } from '#registry/store-provider.ts';
import { LocalStore } from '#store/local-store.ts';
import { hostPlan, type RegistryUnderTest, remoteTo } from './registry.ts';
import { temporaryStore } from './store.ts';

export interface ProxiedRegistry extends RegistryUnderTest {
  readonly metrics: Metrics;
  /** Moves its clock. */
  later(ms: number): void;
}

export interface ProxiedRegistryOptions {
  readonly guard?: Guard;
  readonly ownNames?: readonly string[];
  /** Serve this root, which stays. */
  readonly root?: string;
}

/** An upstream at a test's server, `host:port`. */
export function upstreamAt(
  address: string,
  name: string,
  said: Partial<UpstreamConfig> = {},
): UpstreamConfig {
  return upstreamOf(`http://${address}`, { name, ...said });
}

export async function proxiedRegistry(
  upstreams: readonly UpstreamConfig[],
  { guard, ownNames = [], root }: ProxiedRegistryOptions = {},
): Promise<ProxiedRegistry> {
  const stack = new AsyncDisposableStack();
  const store =
    root === undefined
      ? stack.use(await temporaryStore()).store
      : stack.use(await LocalStore.open({ root }));
  const provider = stack.use(await storeProvider(store));
  const metrics = registryMetrics();
  const log: string[] = [];
  let offsetMs = 0;
  const proxy = stack.use(
    new PullThrough({
      config: { upstreams, ownNames },
      local: provider,
      cache: stack.use(await storeCache(store)),
      open: async ({ upstream: { registry, config }, repository }, via) => {
        const headers = { value: { via }, origin: 'test' };
        const { credentials } = config;
        return remoteTo([hostPlan({ registry, repository, headers })], {
          retry: { attemptsMax: 2 },
          ...(credentials.kind === 'password'
            ? { credentials: { find: async () => ({ value: credentials, origin: 'test' }) } }
            : {}),
        });
      },
      figures: metrics.proxy,
      log: (line) => void log.push(line),
      nowMs: () => Date.now() + offsetMs,
    }),
  );
  const server = stack.use(
    await serveRegistry({
      provider,
      proxy,
      metrics,
      address: '127.0.0.1:0',
      closeGraceMs: 100,
      log: (line) => void log.push(line),
      ...(guard ? { guard } : {}),
    }),
  );
  return {
    address: server.address,
    store,
    log,
    metrics,
    url: (path) => `http://${server.address}${path}`,
    later: (ms) => {
      offsetMs += ms;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
