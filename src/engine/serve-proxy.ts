/** The pull-through cache of a registry: its upstreams by the one client, with the machine's configuration of registries. */
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { ProxyConfig, UpstreamCredentials } from '#core/registry-config.ts';
import type { Guard } from '#registry/auth/guard.ts';
import type { RegistryProvider } from '#registry/provider.ts';
import type { ProxyFigures } from '#registry/proxy/figures.ts';
import { PullThrough } from '#registry/proxy/pull-through.ts';
import type { OpenUpstream } from '#registry/proxy/remotes.ts';
import { storeCache } from '#registry/store-cache.ts';
import type { Credentials } from '#remote/credentials.ts';
import { NO_CREDENTIALS } from '#remote/credentials.ts';
import type { RegistryPlan } from '#remote/registries/plan.ts';
import { openRemote } from '#remote/repository.ts';
import type { RetryPolicy } from '#remote/retry.ts';
import { credentialsOf } from './credentials.ts';
import type { Resources } from './resources.ts';

export interface ServeProxyOptions {
  readonly config: ProxyConfig;
  readonly provider: RegistryProvider;
  readonly guard: Guard | undefined;
  readonly figures?: ProxyFigures;
  readonly log?: (line: string) => void;
}

/** Somebody waits for the answer: better none than one after minutes. */
const RETRY: Partial<RetryPolicy> = {
  attemptsMax: 3,
  firstDelayMs: 200,
  delayMsMax: 2000,
  retryAfterMsMax: 2000,
};

/** Undefined without upstreams. Dispose it after the server. @throws CONFIG_INVALID */
export async function serveProxy(
  resources: Resources,
  { config, provider, guard, figures, log }: ServeProxyOptions,
): Promise<(AsyncDisposable & { readonly proxy: PullThrough }) | undefined> {
  if (config.upstreams.length === 0) return undefined;
  if (!guard) refuseOpen(config);
  const stack = new AsyncDisposableStack();
  const cache = stack.use(await storeCache(await resources.store()));
  const proxy = stack.use(
    new PullThrough({
      config,
      local: provider,
      cache,
      open: opener(resources, log),
      ...(figures ? { figures } : {}),
      ...(log ? { log } : {}),
    }),
  );
  return { proxy, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** What is asked for with somebody's password is not for everybody. */
function refuseOpen({ upstreams }: ProxyConfig): void {
  const closed = upstreams.find(({ anonymous }) => anonymous === 'none');
  if (!closed) return;
  throw new SlipwayError(
    'CONFIG_INVALID',
    `what the upstream ${closed.name} has is for those who sign in, and this registry asks nobody to`,
    { hint: 'add a user (slipway registry user add NAME), or say anonymous: pull of the upstream' },
  );
}

/** Repositories of which nobody gets anything who does not sign in. */
export function closedRepositories({ upstreams }: ProxyConfig): (repository: string) => boolean {
  const closed = upstreams.filter(({ anonymous }) => anonymous === 'none');
  return (repository) => closed.some(({ name }) => repository.startsWith(`${name}/`));
}

function opener(resources: Resources, log: ((line: string) => void) | undefined): OpenUpstream {
  const { trace } = resources.settings;
  const events: EventSink = (event) => {
    if (event.kind === 'note' && event.level === 'warning') log?.(`proxy: ${event.text}`);
  };
  return async ({ upstream, repository }, via) => {
    const { registry, scheme, config } = upstream;
    const registries = await resources.registries();
    const { plan, origins } = await registries.route({ registry, repository }, scheme);
    return openRemote({
      plan: sayingVia(plan, via),
      origins,
      credentials: credentialsFor(config.credentials, registry, resources),
      events,
      retry: RETRY,
      ...(trace ? { trace } : {}),
    });
  };
}

function sayingVia(plan: RegistryPlan, via: string): RegistryPlan {
  const hosts = plan.hosts.map((host) => ({
    ...host,
    headers: { ...host.headers, value: { ...host.headers.value, via } },
  }));
  return { ...plan, hosts };
}

/** A password of the configuration is for the upstream alone, not for its mirrors. */
function credentialsFor(
  said: UpstreamCredentials,
  registry: string,
  resources: Resources,
): Credentials {
  switch (said.kind) {
    case 'none':
      return NO_CREDENTIALS;
    case 'files':
      return credentialsOf(resources);
    case 'password':
      return {
        find: async (asked) =>
          asked === registry
            ? { value: said, origin: 'the configuration of the registry' }
            : undefined,
      };
  }
}
