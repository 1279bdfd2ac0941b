/**
 * docker's daemon.json: `insecure-registries` (hosts and networks), `registry-mirrors` (of Docker
 * Hub alone, as docker has it) and `proxies`. All else is the daemon's own business.
 */
import { ObjectReader, parseJson } from '#core/json.ts';
import { DEFAULT_REGISTRY } from '#core/reference.ts';
import type { Fact, ProxySettings } from '#core/registry-settings.ts';
import { decodeConfig } from './config-file.ts';
import { type Entry, INSECURE, type MirrorEntry } from './entry.ts';
import { parseNamePattern } from './name-pattern.ts';

export interface DaemonJson {
  readonly entries: readonly Entry[];
  readonly proxies: ProxySettings;
}

/** @throws CONFIG_INVALID */
export function parseDaemonJson(text: string, path: string): DaemonJson {
  return decodeConfig(path, () => {
    const top = new ObjectReader(parseJson(text.trim() === '' ? '{}' : text, path), path);
    const mirrors = top
      .strings('registry-mirrors')
      .map((url, i) => decodeMirror(url, { origin: `${path}: registry-mirrors[${i}]`, top }));
    return {
      entries: [
        ...insecureEntries(top, path),
        ...(mirrors.length === 0 ? [] : [hubEntry(mirrors, path)]),
      ],
      proxies: decodeProxies(top.optionalObject('proxies'), `${path}: proxies`),
    };
  });
}

function insecureEntries(top: ObjectReader, path: string): readonly Entry[] {
  return top.strings('insecure-registries').map((text, i) => {
    const pattern = parseNamePattern(text.replace(/^https?:\/\//, '').replace(/\/$/, ''));
    const origin = `${path}: insecure-registries[${i}]`;
    if (!pattern || pattern.kind === 'subdomains') {
      top.refuse('insecure-registries', `hosts and networks, not "${text}"`);
    }
    return { origin, pattern, transport: INSECURE };
  });
}

function hubEntry(mirrors: readonly MirrorEntry[], path: string): Entry {
  return {
    origin: `${path}: registry-mirrors`,
    pattern: { kind: 'prefix', text: DEFAULT_REGISTRY },
    mirrors,
    transport: {},
  };
}

function decodeMirror(
  text: string,
  { origin, top }: { readonly origin: string; readonly top: ObjectReader },
): MirrorEntry {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    return top.refuse('registry-mirrors', `http:// or https:// URLs without a path, not "${text}"`);
  }
  return {
    origin,
    location: url.host,
    scheme: url.protocol === 'http:' ? 'http' : 'https',
    use: 'all',
    resolvesTags: true,
    sendsNamespace: false,
    transport: {},
  };
}

function decodeProxies(proxies: ObjectReader | undefined, origin: string): ProxySettings {
  const fact = (key: string): Fact<string> | undefined => {
    const value = proxies?.optionalString(key);
    return value ? { value, origin: `${origin}.${key}` } : undefined;
  };
  const [http, https, none] = [fact('http-proxy'), fact('https-proxy'), fact('no-proxy')];
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(none ? { none } : {}) };
}
