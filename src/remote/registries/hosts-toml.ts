/**
 * containerd's `<folder>/<host>/hosts.toml` (containerd docs/hosts.md): the hosts that are asked in
 * place of, and before, a registry, each with what it may be asked for and how it is spoken to.
 * `_default` speaks for hosts without a folder.
 */
import { dirname, resolve } from 'node:path';
import type { JsonValue, ObjectReader } from '#core/json.ts';
import { decodeConfig } from './config-file.ts';
import type { ClientCertificate, Entry, MirrorEntry, TransportEntry } from './entry.ts';
import { parseToml } from './toml.ts';

/** `registry`: whose folder it is, `docker.io`. @throws CONFIG_INVALID */
export function parseHostsToml(
  text: string,
  { path, registry }: { readonly path: string; readonly registry: string },
): Entry {
  return decodeConfig(path, () => {
    const top = parseToml(text, path);
    const hosts = top.optionalObject('host');
    const mirrors = (hosts?.keys() ?? []).flatMap((url) => {
      const host = hosts?.object(url);
      return host ? decodeMirror(host, { url, path, origin: `${path}: host."${url}"` }) : [];
    });
    const server = top.optionalString('server');
    return {
      origin: path,
      pattern: { kind: 'prefix', text: registry },
      ...(server === undefined ? {} : decodeServer(top, server)),
      ...(mirrors.length === 0 ? {} : { mirrors }),
      transport: decodeTransport(top, path),
    };
  });
}

function decodeServer(
  top: ObjectReader,
  server: string,
): Pick<Entry, 'location' | 'scheme' | 'apiPath'> {
  const { location, scheme, apiPath } = addressOf(top, { key: 'server', text: server });
  return { location, scheme, ...(apiPath === undefined ? {} : { apiPath }) };
}

function decodeMirror(
  host: ObjectReader,
  { url, path, origin }: { readonly url: string; readonly path: string; readonly origin: string },
): readonly MirrorEntry[] {
  const capabilities = host.has('capabilities')
    ? host.strings('capabilities')
    : ['pull', 'resolve', 'push'];
  if (!capabilities.includes('pull')) return [];
  const mirror: MirrorEntry = {
    origin,
    ...addressOf(host, { key: 'host', text: url }),
    use: 'all',
    resolvesTags: capabilities.includes('resolve'),
    sendsNamespace: true,
    transport: decodeTransport(host, path),
  };
  return [mirror];
}

interface Address {
  readonly location: string;
  readonly scheme: 'http' | 'https';
  readonly apiPath?: string;
}

/** A host without a scheme is one of TLS. With override_path the URL's path is the API's root. */
function addressOf(
  reader: ObjectReader,
  { key, text }: { readonly key: string; readonly text: string },
): Address {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (!url) reader.refuse(key, `a URL, not "${text}"`);
  const path = url.pathname.replace(/\/$/, '');
  const isApi = reader.optionalBoolean('override_path') ?? false;
  return {
    location: url.host,
    scheme: url.protocol === 'http:' ? 'http' : 'https',
    ...(isApi ? { apiPath: `${path}/` } : path === '' ? {} : { apiPath: `${path}/v2/` }),
  };
}

/** Paths are taken from the folder of the file. */
function decodeTransport(reader: ObjectReader, path: string): TransportEntry {
  const at = (file: string): string => resolve(dirname(path), file);
  const authorities = stringOrList(reader, 'ca').map(at);
  const [client] = decodeClients(reader, at);
  const headers = reader.optionalObject('header');
  const skipsVerify = reader.optionalBoolean('skip_verify');
  return {
    ...(skipsVerify === undefined ? {} : { verify: !skipsVerify }),
    ...(authorities.length === 0 ? {} : { authorities }),
    ...(client ? { client } : {}),
    ...(headers
      ? {
          headers: Object.fromEntries(
            headers.keys().map((name) => [name, stringOrList(headers, name).join(', ')]),
          ),
        }
      : {}),
  };
}

function stringOrList(reader: ObjectReader, key: string): readonly string[] {
  const value = reader.raw(key);
  if (typeof value === 'string') return [value];
  return reader.strings(key);
}

/** One file for both, a list of such files, or a list of pairs. */
function decodeClients(
  reader: ObjectReader,
  at: (file: string) => string,
): readonly ClientCertificate[] {
  const value = reader.raw('client');
  const listed: readonly JsonValue[] = Array.isArray(value) ? value : value ? [value] : [];
  return listed.map((item) => {
    const [certificate, key] = Array.isArray(item) ? item : [item, item];
    if (typeof certificate !== 'string') reader.refuse('client', 'files, or pairs of files');
    const keyFile = typeof key === 'string' && key !== '' ? key : certificate;
    return { certificate: at(certificate), key: at(keyFile) };
  });
}
