/**
 * /etc/hosts, /etc/resolv.conf and /etc/hostname of a container, as docker makes them: written beside
 * the bundle and bound read-only, so they are never part of a layer.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerNetwork, NetworkMode } from '#core/container-network.ts';
import { errnoOf } from '#core/errors.ts';
import type { MountSpec } from '#core/runtime-spec.ts';

export interface RootFilesOptions {
  readonly hostname: string;
  readonly network: ContainerNetwork;
  /** Like `docker run`: names of the host where its network is used, and /etc/hostname. */
  readonly isRun?: boolean;
}

/** The files every root needs a place for; the stub folder below all layers provides it. */
export function rootFiles(folder: string, options: RootFilesOptions): readonly MountSpec[] {
  const { hostname, network, isRun = false } = options;
  const host = isRun && network.mode === 'host' ? textOf('/etc/hosts') : '';
  const files: [string, string][] = [
    ['hosts', hostsText(options, host)],
    ['resolv.conf', resolvText(network, textOf('/etc/resolv.conf'))],
    ...(isRun ? [['hostname', `${hostname}\n`] satisfies [string, string]] : []),
  ];
  const mounts: MountSpec[] = [];
  for (const [name, text] of files) {
    const path = join(folder, name);
    writeFileSync(path, text);
    // Every user of the container reads them, whatever our own umask is.
    chmodSync(path, 0o644);
    mounts.push(bind(path, `/etc/${name}`));
  }
  return mounts;
}

/** Pure. `host`: the host's own file, empty where it does not count. */
export function hostsText(
  { hostname, network: { extraHosts = [] } }: RootFilesOptions,
  host: string,
): string {
  const own = [
    `127.0.0.1\tlocalhost ${hostname}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
  ];
  const known = host
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '' && !/\slocalhost(\s|$)/.test(line) && !/^f[ef]0/.test(line));
  const extra = extraHosts.map(({ name, address }) => `${address}\t${name}`);
  return `${[...own, ...known, ...extra].join('\n')}\n`;
}

/** Where the program that carries the packets answers for the host's name servers. */
const OF_PROGRAM: Partial<Record<NetworkMode, string>> = {
  pasta: '169.254.1.1',
  slirp4netns: '10.0.2.3',
};

/** Pure. What the flags say wins, each for itself; a name server on the host's loopback is not ours. */
export function resolvText(network: ContainerNetwork, host: string): string {
  const lines = host.split('\n').map((line) => line.trim());
  const of = (word: string): readonly string[] =>
    lines.filter((line) => new RegExp(`^${word}\\s`).test(line));
  const isReached = (line: string): boolean =>
    network.mode === 'host' || !/^nameserver\s+(127\.|::1)/.test(line);
  const { dns = [], dnsSearch = [], dnsOptions = [] } = network;
  const ofProgram = OF_PROGRAM[network.mode];
  const known = [
    ...(ofProgram === undefined ? [] : [`nameserver ${ofProgram}`]),
    ...of('nameserver').filter(isReached),
  ];
  const servers = dns.length > 0 ? dns.map((one) => `nameserver ${one}`) : known;
  const search =
    dnsSearch.length > 0
      ? // A single dot takes the host's list away.
        dnsSearch.filter((one) => one !== '.').length > 0
        ? [`search ${dnsSearch.filter((one) => one !== '.').join(' ')}`]
        : []
      : [...of('search'), ...of('domain')];
  const options = dnsOptions.length > 0 ? [`options ${dnsOptions.join(' ')}`] : of('options');
  const text = [...servers, ...search, ...options].join('\n');
  return text === '' ? '' : `${text}\n`;
}

function bind(source: string, destination: string): MountSpec {
  return {
    destination,
    type: 'bind',
    source,
    options: ['bind', 'ro', 'nosuid', 'nodev', 'noexec'],
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
