/** The resolver's outcome as facts for people: `slipway config registries`. Proxies are shown without their password. */
import { access } from 'node:fs/promises';
import { formatReference, type Reference } from '#core/reference.ts';
import type {
  RegistryExplanation,
  RegistryReport,
  ReportedFact,
  ReportedFile,
  ReportedHost,
  ReportedRule,
} from '#core/registry-report.ts';
import type { Fact, ProxySettings, RegistrySettings } from '#core/registry-settings.ts';
import { apiUrl } from '../endpoint.ts';
import { parseProxy } from '../proxies.ts';
import type { Entry, MirrorEntry, TransportEntry } from './entry.ts';
import type { HostPlan, PlainHttp, RegistryPlan } from './plan.ts';
import { daemonProxies, type LoadedFiles } from './sources.ts';

const PLAIN_HTTP_WORDS: Readonly<Record<PlainHttp, string>> = {
  never: 'never',
  'after-tls': 'where there is no TLS',
  'before-tls': 'first, TLS where that fails',
  always: 'always',
};

export interface Explained {
  readonly reference: Reference;
  readonly plan: RegistryPlan;
  /** What podman would take the name for. */
  readonly elsewhere: readonly Fact<string>[];
  /** Who we would be towards a host, without the secret. */
  readonly credential: (host: HostPlan) => Promise<Fact<string>>;
}

export async function explanationOf(explained: Explained): Promise<RegistryExplanation> {
  const { reference, plan, elsewhere, credential } = explained;
  const hosts: ReportedHost[] = [];
  for (const host of plan.hosts) hosts.push(hostReport(host, await credential(host)));
  return {
    reference: formatReference(reference),
    facts: [
      ...elsewhere.map((name) => fact('in podman', name)),
      fact('location', plan.location),
      fact('blocked', shown(plan.blocked, yesNo)),
    ],
    hosts,
  };
}

function hostReport(host: HostPlan, credential: Fact<string>): ReportedHost {
  const { role, origin, endpoints, repository, client, headers } = host;
  return {
    role,
    origin,
    urls: endpoints.map((endpoint) => apiUrl(endpoint, `${repository}/`).href),
    facts: [
      fact(
        'plain-http',
        shown(host.plainHttp, (value) => PLAIN_HTTP_WORDS[value]),
      ),
      fact('tls-verify', shown(host.verify, yesNo)),
      fact(
        'ca',
        shown(host.authorities, (files) => files.join(', ') || 'those of this machine'),
      ),
      fact(
        'client',
        shown(client, (pair) => pair?.certificate ?? 'none'),
      ),
      ...(Object.keys(headers.value).length === 0
        ? []
        : [
            fact(
              'headers',
              shown(headers, (value) => Object.keys(value).join(', ')),
            ),
          ]),
      fact(
        'proxy',
        shown(host.proxy, (url) => (url ? proxyText(url) : 'none')),
      ),
      ...(role === 'mirror'
        ? [fact('tags', { value: host.resolvesTags ? 'asked for, too' : 'no', origin })]
        : []),
      fact('credentials', credential),
    ],
  };
}

/** All files, and what they say about which names. */
export async function reportOf(
  settings: RegistrySettings,
  files: LoadedFiles,
): Promise<RegistryReport> {
  const entries = [
    ...files.own.flatMap((own) => own.entries),
    ...files.containers.entries,
    ...[...files.daemon, ...files.buildkit].flatMap((file) => file.entries),
  ];
  return {
    files: await filesOf(settings, files),
    rules: entries.map(ruleOf),
    facts: [
      ...proxyFacts({ ...daemonProxies(files), ...settings.proxies }),
      ...(settings.plainHttp ? [fact('plain-http', settings.plainHttp)] : []),
      ...(settings.tlsVerify ? [fact('tls-verify', shown(settings.tlsVerify, yesNo))] : []),
    ],
  };
}

async function filesOf(
  settings: RegistrySettings,
  { paths, unreadable }: LoadedFiles,
): Promise<readonly ReportedFile[]> {
  const { own, containers, daemon, buildkit, hosts, certificates } = settings;
  const daemons = [...daemon, ...buildkit];
  const known = [...own, ...containers.main, ...daemons];
  const dropIns = paths.filter((path) => !known.includes(path));
  const read = [...own, ...containers.main, ...dropIns, ...daemons].map((path): ReportedFile => {
    const state = paths.includes(path) ? 'read' : unreadable.has(path) ? 'unreadable' : 'absent';
    return { path, state };
  });
  const folders = [...hosts, ...certificates].map(async (path): Promise<ReportedFile> => {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    return { path: `${path}/`, state: isThere ? 'read' : 'absent' };
  });
  return [...read, ...(await Promise.all(folders))];
}

function ruleOf({ pattern, origin, location, blocked, mirrors, transport }: Entry): ReportedRule {
  const says = [
    ...(location === undefined ? [] : [`is at ${location}`]),
    ...(blocked ? ['blocked'] : []),
    ...(mirrors === undefined || mirrors.length === 0
      ? []
      : [`mirrors ${mirrors.map(mirrorText).join(', ')}`]),
    ...transportWords(transport),
  ];
  const names = pattern.kind === 'subdomains' ? `*${pattern.suffix}${pattern.path}` : pattern.text;
  return { names, says: says.join('; ') || 'nothing', origin };
}

function mirrorText({ location, use, transport }: MirrorEntry): string {
  const words = [...(use === 'all' ? [] : [use]), ...transportWords(transport)];
  return words.length === 0 ? location : `${location} (${words.join('; ')})`;
}

function transportWords(transport: TransportEntry): readonly string[] {
  const { plainHttp, verify, authorities, client, headers, proxy } = transport;
  return [
    ...(plainHttp === undefined ? [] : [`plain HTTP ${PLAIN_HTTP_WORDS[plainHttp]}`]),
    ...(verify === undefined ? [] : [verify ? 'verified' : 'not verified']),
    ...(authorities === undefined ? [] : [`ca ${authorities.join(', ')}`]),
    ...(client === undefined ? [] : [`client ${client.certificate}`]),
    ...(headers === undefined ? [] : [`headers ${Object.keys(headers).join(', ')}`]),
    ...(proxy === undefined ? [] : [`proxy ${proxy === 'none' ? proxy : proxyOf(proxy)}`]),
  ];
}

function proxyFacts({ http, https, all, none }: ProxySettings): readonly ReportedFact[] {
  const proxies = { 'http-proxy': http, 'https-proxy': https, 'all-proxy': all };
  return [
    ...Object.entries(proxies).flatMap(([name, said]) =>
      said ? [fact(name, shown(said, proxyOf))] : [],
    ),
    ...(none ? [fact('no-proxy', none)] : []),
  ];
}

function proxyOf(text: string): string {
  const url = parseProxy(text);
  return url ? proxyText(url) : 'unusable';
}

function proxyText({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function shown<T>({ value, origin }: Fact<T>, text: (value: T) => string): Fact<string> {
  return { value: text(value), origin };
}

function fact(name: string, { value, origin }: Fact<string>): ReportedFact {
  return { name, value, origin };
}
