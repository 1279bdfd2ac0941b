/**
 * What a container sees of the network, as docker's flags say it: which one, and what names mean.
 * Parsing is pure; addresses are checked, names are taken as they are.
 */
import { isIP } from 'node:net';
import { SlipwayError } from './errors.ts';

/**
 * `none`: one of its own with nothing but a loopback interface. `pasta`, `slirp4netns`: one of its own
 * whose packets the program of this name carries.
 */
export type NetworkMode = 'host' | 'none' | 'pasta' | 'slirp4netns';

export interface ExtraHost {
  readonly name: string;
  readonly address: string;
}

export interface ContainerNetwork {
  readonly mode: NetworkMode;
  /** Lines for /etc/hosts. */
  readonly extraHosts?: readonly ExtraHost[];
  /** Replace what the host's resolv.conf says, each for itself; empty or absent: they do not. */
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
}

export interface NetworkWords {
  readonly network?: string | undefined;
  readonly 'add-host'?: readonly string[];
  readonly dns?: readonly string[];
  readonly 'dns-search'?: readonly string[];
  readonly 'dns-option'?: readonly string[];
}

/**
 * Undefined when nothing was said.
 * @throws USAGE for what docker refuses, too, and for networks that need a daemon
 */
export function parseNetwork(words: NetworkWords): ContainerNetwork | undefined {
  const { network, ...lists } = words;
  const given = [lists['add-host'], lists.dns, lists['dns-search'], lists['dns-option']];
  if (network === undefined && given.every((list) => !list?.length)) return undefined;
  const mode = parseMode(words.network ?? 'default');
  return {
    mode,
    extraHosts: (words['add-host'] ?? []).map((text) => parseExtraHost(text, mode)),
    dns: (words.dns ?? []).map(checkAddress),
    dnsSearch: words['dns-search'] ?? [],
    dnsOptions: words['dns-option'] ?? [],
  };
}

function parseMode(text: string): NetworkMode {
  if (text === 'default' || text === 'host') return 'host';
  if (text === 'none' || text === 'pasta' || text === 'slirp4netns') return text;
  throw new SlipwayError('USAGE', `network ${text} not found`, {
    hint: 'use host (the default), none, pasta or slirp4netns: there is no daemon that could keep other networks',
  });
}

/** `name:ip`, `name=ip`, IPv6 with or without brackets, `host-gateway` for the host itself. */
function parseExtraHost(text: string, mode: NetworkMode): ExtraHost {
  const [, name = '', , raw = ''] = /^([^:=]+)([:=])(.+)$/.exec(text) ?? [];
  if (name === '') {
    throw new SlipwayError('USAGE', `bad format for add-host: "${text}"`, {
      hint: 'use name:ip or name=ip, such as db:10.0.0.5 or db=[2001:db8::5]',
    });
  }
  if (raw === 'host-gateway') return { name, address: gateway(mode) };
  const address = raw.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0) return { name, address };
  throw new SlipwayError('USAGE', `invalid IP address in add-host: "${raw}"`, {
    hint: 'names are not looked up: give the address, or host-gateway for this machine',
  });
}

/** On the host's network the host is here. */
function gateway(mode: NetworkMode): string {
  if (mode === 'host') return '127.0.0.1';
  if (mode === 'slirp4netns') return '10.0.2.2';
  throw new SlipwayError('USAGE', `host-gateway cannot be reached from --network ${mode}`, {
    hint: 'use --network host or slirp4netns, or give the address',
  });
}

function checkAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new SlipwayError(
    'USAGE',
    `invalid argument "${text}" for "--dns" flag: ${text} is not an ip address`,
    {
      hint: 'give the address of a name server, such as 10.0.0.53',
    },
  );
}
