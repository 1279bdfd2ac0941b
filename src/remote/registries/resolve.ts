/**
 * THE resolver of build, pull, push, login and doctor: from a name to the hosts that are asked and
 * how, each fact with the file, variable or flag that won. Facts of a host are looked for under its
 * own name, too: what certs.d says of a mirror's host holds for the mirror.
 */
import { isIP } from 'node:net';
import { SlipwayError } from '#core/errors.ts';
import { isRepositoryName, type Reference, repositoryKey } from '#core/reference.ts';
import type { Fact, RegistrySettings } from '#core/registry-settings.ts';
import { endpointOf, isLoopbackHost } from '../endpoint.ts';
import { parseProxy, proxyFor } from '../proxies.ts';
import type { ClientCertificate, Entry, MirrorEntry, TransportEntry } from './entry.ts';
import { isPrivateAddress, type LookupAddresses, splitHost } from './name-pattern.ts';
import type { HostPlan, PlainHttp, RegistryPlan } from './plan.ts';
import { daemonProxies, entriesFor, type LoadedFiles } from './sources.ts';

export interface ResolveContext {
  readonly settings: RegistrySettings;
  readonly files: LoadedFiles;
  readonly lookup: LookupAddresses;
}

/** `scheme`: in the URL that the user typed. @throws CONFIG_INVALID, PERMISSION */
export async function resolvePlan(
  reference: Reference,
  context: ResolveContext,
  scheme?: 'http' | 'https',
): Promise<RegistryPlan> {
  const entries = await entriesFor(reference, context);
  const moved = firstSaying(entries, ({ location }) => location);
  const place = moved
    ? relocated(reference, moved.entry, moved.value)
    : { registry: reference.registry, repository: reference.repository };
  const mirrors = firstSaying(entries, (entry) => entry.mirrors);
  const blocked = firstSaying(entries, (entry) => entry.blocked);
  const hosts: HostPlan[] = [];
  for (const mirror of mirrors?.value ?? []) {
    if (!mirrors || !isUsed(mirror, reference)) continue;
    hosts.push(await mirrorHost(reference, { mirror, entry: mirrors.entry, context }));
  }
  const said = scheme ?? moved?.entry.scheme;
  hosts.push(
    await planHost(
      {
        role: 'registry',
        origin: moved?.entry.origin ?? 'default',
        ...place,
        resolvesTags: true,
        ...(said ? { scheme: said } : {}),
        ...(moved?.entry.apiPath === undefined ? {} : { apiPath: moved.entry.apiPath }),
      },
      { entries, context },
    ),
  );
  return {
    registry: reference.registry,
    repository: reference.repository,
    hosts,
    location: {
      value: `${place.registry}/${place.repository}`,
      origin: moved?.entry.origin ?? 'default',
    },
    blocked: blocked
      ? { value: blocked.value, origin: blocked.entry.origin }
      : { value: false, origin: 'default' },
    files: context.files.paths,
  };
}

/** How a host is spoken to that no plan names: token services, object storage. */
export async function resolveHost(registry: string, context: ResolveContext): Promise<HostPlan> {
  const place = { role: 'registry', origin: 'default', registry, repository: '-' } as const;
  return await planHost({ ...place, resolvesTags: true }, { entries: [], context });
}

function firstSaying<T>(
  entries: readonly Entry[],
  read: (entry: Entry) => T | undefined,
): { readonly entry: Entry; readonly value: T } | undefined {
  for (const entry of entries) {
    const value = read(entry);
    if (value !== undefined) return { entry, value };
  }
  return undefined;
}

/** podman decides so by the reference, not by what is asked for. */
function isUsed({ use }: MirrorEntry, { tag, digest }: Reference): boolean {
  switch (use) {
    case 'all':
      return true;
    case 'digest-only':
      return digest !== undefined;
    case 'tag-only':
      return digest === undefined && tag !== undefined;
  }
}

interface Place {
  readonly registry: string;
  readonly repository: string;
}

/** The location in the place of what the pattern matched. @throws CONFIG_INVALID */
function relocated(name: Reference, { pattern, origin }: Entry, location: string): Place {
  const key = repositoryKey(name);
  const matched = pattern.kind === 'prefix' ? pattern.text : name.registry;
  // A pattern with a tag or digest leaves nothing of the path.
  const rest = key.slice(Math.min(matched.length, key.length));
  const [registry = '', ...path] = `${location.replace(/\/$/, '')}${rest}`.split('/');
  const repository = path.join('/');
  if (/^[^\s@]+$/.test(registry) && isRepositoryName(repository)) return { registry, repository };
  throw new SlipwayError(
    'CONFIG_INVALID',
    `error loading config file: ${origin}: location "${location}" makes no name of ${key}`,
    { hint: 'a location is host[:port], perhaps with a path' },
  );
}

async function mirrorHost(
  name: Reference,
  options: {
    readonly mirror: MirrorEntry;
    readonly entry: Entry;
    readonly context: ResolveContext;
  },
): Promise<HostPlan> {
  const { mirror, entry, context } = options;
  const place = relocated(name, entry, mirror.location);
  const own: Entry = { origin: mirror.origin, pattern: entry.pattern, transport: mirror.transport };
  return await planHost(
    {
      role: 'mirror',
      origin: mirror.origin,
      ...place,
      resolvesTags: mirror.resolvesTags,
      ...(mirror.scheme ? { scheme: mirror.scheme } : {}),
      ...(mirror.apiPath === undefined ? {} : { apiPath: mirror.apiPath }),
      ...(mirror.sendsNamespace && place.registry !== name.registry
        ? { namespace: name.registry }
        : {}),
    },
    { entries: [own], context },
  );
}

interface HostDraft extends Place {
  readonly role: HostPlan['role'];
  readonly origin: string;
  readonly resolvesTags: boolean;
  readonly scheme?: 'http' | 'https';
  readonly apiPath?: string;
  readonly namespace?: string;
}

/** `entries` of the plan's name come before those of the host's own name. */
async function planHost(
  draft: HostDraft,
  { entries, context }: { readonly entries: readonly Entry[]; readonly context: ResolveContext },
): Promise<HostPlan> {
  const { scheme, apiPath, ...host } = draft;
  const known = [...entries, ...(await entriesFor(host, context))];
  const { settings } = context;
  const authorities = factOf(known, ({ authorities: files }) => files);
  const client = factOf(known, ({ client: pair }) => pair);
  const verify = verifyOf(host.registry, known, settings);
  const plainHttp: Fact<PlainHttp> = scheme
    ? { value: scheme === 'http' ? 'always' : 'never', origin: draft.origin }
    : await plainHttpOf(host.registry, { known, context, hasTls: Boolean(authorities ?? client) });
  const endpoints = schemesOf(plainHttp.value).map((each) =>
    endpointOf(host.registry, each, apiPath),
  );
  return {
    ...host,
    endpoints,
    plainHttp,
    verify,
    authorities: authorities ?? { value: [], origin: 'default' },
    client: client ?? ABSENT,
    headers: factOf(known, ({ headers }) => headers) ?? { value: {}, origin: 'default' },
    proxy: proxyOf(endpoints[0]?.base ?? new URL('https://invalid/'), known, context),
  };
}

const ABSENT: Fact<ClientCertificate | undefined> = { value: undefined, origin: 'default' };

function factOf<T>(
  entries: readonly Entry[],
  read: (transport: TransportEntry) => T | undefined,
): Fact<T> | undefined {
  const found = firstSaying(entries, ({ transport }) => read(transport));
  return found && { value: found.value, origin: found.entry.origin };
}

/** As docker has it: on this machine certificates are not verified unless an authority is named. */
function verifyOf(
  registry: string,
  entries: readonly Entry[],
  { tlsVerify }: RegistrySettings,
): Fact<boolean> {
  const said = tlsVerify ?? factOf(entries, ({ verify }) => verify);
  if (said) return said;
  const isNamed = entries.some(({ transport }) => transport.authorities !== undefined);
  if (isNamed || !isLoopbackHost(splitHost(registry).hostname)) {
    return { value: true, origin: 'default' };
  }
  return { value: false, origin: 'default: loopback' };
}

async function plainHttpOf(
  registry: string,
  options: {
    readonly known: readonly Entry[];
    readonly context: ResolveContext;
    readonly hasTls: boolean;
  },
): Promise<Fact<PlainHttp>> {
  const { known, context, hasTls } = options;
  const { plainHttp: mode, tlsVerify } = context.settings;
  const { hostname, port } = splitHost(registry);
  const isLoopback = isLoopbackHost(hostname);
  if (mode) {
    if (mode.value !== 'auto') return { value: mode.value, origin: mode.origin };
    if (isLoopback || (await isPrivate(hostname, context.lookup))) {
      return { value: 'after-tls', origin: `${mode.origin}=auto: a private address` };
    }
    return { value: 'never', origin: `${mode.origin}=auto: not a private address` };
  }
  // Who does not care whose certificate it is does not care for TLS.
  if (tlsVerify) {
    return { value: tlsVerify.value ? 'never' : 'after-tls', origin: tlsVerify.origin };
  }
  const said = factOf(known, ({ plainHttp }) => plainHttp);
  if (said) return said;
  if (!isLoopback) return { value: 'never', origin: 'default' };
  const isTlsFirst = hasTls || port === '443';
  return { value: isTlsFirst ? 'after-tls' : 'before-tls', origin: 'default: loopback' };
}

async function isPrivate(hostname: string, lookup: LookupAddresses): Promise<boolean> {
  const addresses = isIP(hostname) ? [hostname] : await lookup(hostname);
  return addresses.length > 0 && addresses.every(isPrivateAddress);
}

function schemesOf(plainHttp: PlainHttp): readonly ('http' | 'https')[] {
  switch (plainHttp) {
    case 'never':
      return ['https'];
    case 'always':
      return ['http'];
    case 'after-tls':
      return ['https', 'http'];
    case 'before-tls':
      return ['http', 'https'];
  }
}

function proxyOf(
  base: URL,
  entries: readonly Entry[],
  { settings, files }: ResolveContext,
): Fact<URL | undefined> {
  const said = factOf(entries, ({ proxy }) => proxy);
  if (said) {
    const value = said.value === 'none' ? undefined : parseProxy(said.value);
    return { value, origin: said.origin };
  }
  return proxyFor(base, { ...daemonProxies(files), ...settings.proxies });
}
