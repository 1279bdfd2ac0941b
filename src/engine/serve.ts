/** `slipway registry serve` over the engine's store. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import {
  DEFAULT_CONFIG,
  type ProxyConfig,
  type RegistryConfig,
  type TlsConfig,
} from '#core/registry-config.ts';
import type { RegistryHandle, ServeOptions } from '#engine.ts';
import { nameOf, openArchive } from '#image/archive-open.ts';
import { archiveProvider } from '#registry/archives/archive-provider.ts';
import type { ServedArchive } from '#registry/archives/archived-repositories.ts';
import { openGuard } from '#registry/auth/open-guard.ts';
import { type CareTaskOptions, careTasks } from '#registry/operations/care-tasks.ts';
import type { EventListener } from '#registry/operations/events.ts';
import { DiskHeadroom } from '#registry/operations/headroom.ts';
import { registryMetrics } from '#registry/operations/metrics.ts';
import { PullTimes } from '#registry/operations/pull-times.ts';
import { Quota } from '#registry/operations/quota.ts';
import { tagJudge } from '#registry/operations/tag-rules.ts';
import { Upkeep } from '#registry/operations/upkeep.ts';
import { Webhook } from '#registry/operations/webhooks.ts';
import type { RegistryProvider } from '#registry/provider.ts';
import { serveRegistry } from '#registry/server.ts';
import { storeProvider } from '#registry/store-provider.ts';
import { serverTls } from '#registry/tls/server-tls.ts';
import type { LocalStore } from '#store/local-store.ts';
import { wholeArchives } from './load.ts';
import type { Resources } from './resources.ts';
import { closedRepositories, serveProxy } from './serve-proxy.ts';

/** Disposing lets requests in progress finish. @throws ADDRESS_IN_USE, ADDRESS_INVALID, CONFIG_INVALID, STORE_BROKEN, PERMISSION */
export async function serve(resources: Resources, options: ServeOptions): Promise<RegistryHandle> {
  const { log, archives = [], ...given } = options;
  const config = { ...DEFAULT_CONFIG, ...given };
  const store = await resources.store();
  // A store that cannot be used is told at the start, not to every client.
  store.needWritable();
  const folder = registryFolder(store.paths.root);
  await using stack = new AsyncDisposableStack();
  const provider =
    archives.length > 0
      ? await archivesOf(archives, store, stack)
      : stack.use(await storeProvider(store, config));
  const logging = log ? { log } : {};
  const guard = openGuard(config, {
    folder,
    isClosed: closedRepositories(config.proxy),
    ...logging,
  });
  const metrics = config.metrics ? { metrics: registryMetrics() } : {};
  const proxied = await serveProxy(resources, {
    config: proxyOf(config, archives),
    provider,
    guard,
    ...(metrics.metrics ? { figures: metrics.metrics.proxy } : {}),
    ...logging,
  });
  if (proxied) stack.use(proxied);
  const hooks = config.webhooks.map((hook) => stack.use(new Webhook(hook, logging)));
  const { tls, authority } = await tlsOf(config.tls, folder);
  const cared = careOf(provider, config, { ...logging, ...metrics });
  const server = stack.use(
    await serveRegistry({
      address: config.address,
      allowPublic: config.allowPublic,
      allowDelete: config.allowDelete,
      readOnly: config.readOnly,
      pages: config.pages,
      headroom: new DiskHeadroom(folder, config.minFreeBytes),
      listeners: [...hooks, ...cared.pulls.map((pulls) => stack.use(pulls))].map(
        (listener): EventListener =>
          (event, origin) =>
            listener.take(event, origin),
      ),
      ...metrics,
      ...cared.services,
      ...(proxied ? { proxy: proxied.proxy } : {}),
      ...(config.accessLog ? { accessLog: config.accessLog } : {}),
      ...logging,
      provider,
      ...(guard ? { guard } : {}),
      ...(tls ? { tls } : {}),
      ...(authority ? { authority: readFileSync(authority.path, 'utf8') } : {}),
    }),
  );
  stack.use(new Upkeep(cared.tasks, log));
  const held = stack.move();
  return {
    address: server.address,
    url: `${tls ? 'https' : 'http'}://${server.address}`,
    ...(authority ? { authority } : {}),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What a provider that can be looked after gets; archives are not. */
function careOf(
  provider: RegistryProvider,
  { care: config, readOnly }: RegistryConfig,
  options: Pick<CareTaskOptions, 'log' | 'metrics'>,
) {
  const { care } = provider;
  if (!care) return { pulls: [], services: {}, tasks: [] };
  const hasQuota = config.quota.totalBytes !== undefined || config.quota.rules.length > 0;
  return {
    pulls: readOnly ? [] : [new PullTimes(care, options.log)],
    services: {
      ...(config.tags.length > 0 ? { tagJudge: tagJudge(config.tags) } : {}),
      ...(hasQuota ? { quota: new Quota(care, config.quota) } : {}),
    },
    // Who asked for a registry that does not change gets one.
    tasks: readOnly ? [] : careTasks(config, { provider, care, ...options }),
  };
}

/** @throws CONFIG_INVALID */
function proxyOf({ proxy }: RegistryConfig, archives: readonly string[]): ProxyConfig {
  if (archives.length === 0 || proxy.upstreams.length === 0) return proxy;
  throw new SlipwayError('CONFIG_INVALID', 'a registry of archives has no upstreams', {
    hint: 'nothing can be kept there: leave the archives or the upstreams out',
  });
}

/** A compressed archive has a plain copy in the store for as long as it is served. */
async function archivesOf(
  paths: readonly string[],
  store: LocalStore,
  stack: AsyncDisposableStack,
): Promise<RegistryProvider> {
  const opened: ServedArchive[] = [];
  for (const input of await wholeArchives(paths, store)) {
    const temporary = () => store.paths.temporary('ingest');
    const { repository } = stack.use(await openArchive(input, { temporary }));
    opened.push({ path: nameOf(input), repository });
  }
  return await archiveProvider(opened);
}

/** Users, keys and certificates of the registry that serves the store. */
export function registryFolder(root: string): string {
  const folder = join(root, 'registry');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function tlsOf(config: TlsConfig | undefined, folder: string) {
  if (!config) return {};
  const { source, clientCa } = config;
  const rest = clientCa === undefined ? {} : { clientCa };
  if (source.kind === 'files') {
    const { certificate, key } = source;
    return { tls: serverTls({ certificate, key, ...rest }, config) };
  }
  const { selfSigned } = await import('#registry/tls/self-signed.ts');
  const { machineNames } = await import('#registry/tls/names.ts');
  const made = await selfSigned(join(folder, 'tls'), machineNames(source.names));
  const { certificate, key, authority: path, fingerprint } = made;
  return {
    tls: serverTls({ certificate, key, ...rest }, config),
    authority: { path, fingerprint },
  };
}
