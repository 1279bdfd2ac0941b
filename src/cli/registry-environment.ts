/**
 * Which files about registries and credentials there are to be looked for, and which proxies, by the
 * environment: docker's, podman's and containerd's own places, and ours.
 */
import { join, resolve } from 'node:path';
import type { CredentialSettings } from '#core/credential-settings.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  type Fact,
  PLAIN_HTTP_MODES,
  type PlainHttpMode,
  type ProxySettings,
  type RegistrySettings,
} from '#core/registry-settings.ts';

export interface RegistryEnvironment {
  readonly variable: (name: string) => string | undefined;
  readonly home: string;
  /** `--plain-http` */
  readonly plainHttp?: string | undefined;
  /** `--tls-verify` */
  readonly tlsVerify?: boolean | undefined;
}

/** @throws USAGE for a variable with a value that makes no sense */
export function registrySettings(input: RegistryEnvironment): RegistrySettings {
  const config = configFolder(input);
  const own = input.variable('SLIPWAY_REGISTRIES');
  const containers = input.variable('CONTAINERS_REGISTRIES_CONF');
  return {
    own: own
      ? [resolve(own)]
      : [join(config, 'slipway'), '/etc/slipway'].flatMap((folder) => [
          join(folder, 'registries.yaml'),
          join(folder, 'registries.json'),
        ]),
    containers: containers
      ? { main: [resolve(containers)], dropIns: [] }
      : {
          main: [join(config, 'containers'), '/etc/containers', '/usr/share/containers'].map(
            (folder) => join(folder, 'registries.conf'),
          ),
          dropIns: ['/etc/containers', join(config, 'containers')].map((folder) =>
            join(folder, 'registries.conf.d'),
          ),
        },
    hosts: [join(config, 'containerd/certs.d'), '/etc/containerd/certs.d'],
    daemon: [join(config, 'docker/daemon.json'), '/etc/docker/daemon.json'],
    buildkit: [join(config, 'buildkit/buildkitd.toml'), '/etc/buildkit/buildkitd.toml'],
    certificates: [
      join(config, 'containers'),
      '/etc/containers',
      join(config, 'docker'),
      '/etc/docker',
    ].map((folder) => join(folder, 'certs.d')),
    proxies: proxySettings(input),
    ...plainHttpOf(input),
    ...tlsVerifyOf(input),
  };
}

export function credentialSettings(input: RegistryEnvironment): CredentialSettings {
  const { variable } = input;
  const document = variable('DOCKER_AUTH_CONFIG');
  const onlyFile = variable('REGISTRY_AUTH_FILE');
  const runtime = variable('XDG_RUNTIME_DIR');
  return {
    ...(document ? { document: { value: document, origin: 'DOCKER_AUTH_CONFIG' } } : {}),
    ...(onlyFile ? { onlyFile: resolve(onlyFile) } : {}),
    moreFiles: [
      ...(runtime ? [join(runtime, 'containers/auth.json')] : []),
      join(configFolder(input), 'containers/auth.json'),
    ],
  };
}

function configFolder({ variable, home }: RegistryEnvironment): string {
  return variable('XDG_CONFIG_HOME') || join(home, '.config');
}

/** Go's order: capitals first. */
function proxySettings({ variable }: RegistryEnvironment): ProxySettings {
  const fact = (name: string): Fact<string> | undefined => {
    for (const origin of [name, name.toLowerCase()]) {
      const value = variable(origin);
      if (value) return { value, origin };
    }
    return undefined;
  };
  const found = {
    http: fact('HTTP_PROXY'),
    https: fact('HTTPS_PROXY'),
    all: fact('ALL_PROXY'),
  };
  for (const proxy of Object.values(found)) if (proxy) checkProxy(proxy);
  const none = fact('NO_PROXY');
  return {
    ...(found.http ? { http: found.http } : {}),
    ...(found.https ? { https: found.https } : {}),
    ...(found.all ? { all: found.all } : {}),
    ...(none ? { none } : {}),
  };
}

/** The value may hold a password and is not repeated. */
function checkProxy({ value, origin }: Fact<string>): void {
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (url && /^(https?|socks|socks5|socks5h):$/.test(url.protocol)) return;
  throw new SlipwayError('USAGE', `invalid value of ${origin}: not the URL of a proxy`, {
    hint: 'write http://host:port, https:// or socks5://',
  });
}

function plainHttpOf({
  variable,
  plainHttp,
}: RegistryEnvironment): Pick<RegistrySettings, 'plainHttp'> {
  const said = variable('SLIPWAY_PLAIN_HTTP');
  const fact =
    plainHttp === undefined
      ? { value: said, origin: 'SLIPWAY_PLAIN_HTTP' }
      : { value: plainHttp, origin: '--plain-http' };
  if (!fact.value) return {};
  return { plainHttp: { value: plainHttpMode(fact.value, fact.origin), origin: fact.origin } };
}

function plainHttpMode(value: string, name: string): PlainHttpMode {
  const found = PLAIN_HTTP_MODES.find((mode) => mode === value);
  if (found !== undefined) return found;
  throw new SlipwayError('USAGE', `invalid value "${value}" of ${name}`, {
    hint: `use one of: ${PLAIN_HTTP_MODES.join(', ')}`,
  });
}

function tlsVerifyOf({
  variable,
  tlsVerify,
}: RegistryEnvironment): Pick<RegistrySettings, 'tlsVerify'> {
  if (tlsVerify !== undefined) return { tlsVerify: { value: tlsVerify, origin: '--tls-verify' } };
  const said = variable('SLIPWAY_TLS_VERIFY');
  if (!said) return {};
  if (!/^(true|false|0|1)$/.test(said)) {
    throw new SlipwayError('USAGE', `invalid value "${said}" of SLIPWAY_TLS_VERIFY`, {
      hint: 'use true or false',
    });
  }
  return { tlsVerify: { value: said === 'true' || said === '1', origin: 'SLIPWAY_TLS_VERIFY' } };
}
