/**
 * Our own registries.yaml (YAML or JSON; docs/registries.md, "Our own file"): everything that the
 * other tools' files can say, for any registry. Unknown keys are refused, since a misspelt
 * `tls-verify` must not pass for said.
 */
import { dirname, resolve } from 'node:path';
import type { ObjectReader } from '#core/json.ts';
import { decodeConfig } from './config-file.ts';
import type { Entry, MirrorEntry, TransportEntry } from './entry.ts';
import { parseNamePattern } from './name-pattern.ts';
import { parseYaml } from './yaml.ts';

export interface OwnFile {
  readonly entries: readonly Entry[];
}

const TRANSPORT_KEYS = [
  'plain-http',
  'tls-verify',
  'ca',
  'client-cert',
  'client-key',
  'headers',
  'proxy',
];
const ENTRY_KEYS = ['prefix', 'location', 'blocked', 'mirrors', ...TRANSPORT_KEYS];
const MIRROR_KEYS = ['location', 'pull-from-mirror', 'ns', ...TRANSPORT_KEYS];
const PLAIN_HTTP = { never: 'never', auto: 'after-tls', always: 'always' } as const;

/** @throws CONFIG_INVALID */
export function parseOwnFile(text: string, path: string): OwnFile {
  return decodeConfig(path, () => {
    const top = parseYaml(text, path);
    refuseUnknown(top, ['registries']);
    return {
      entries: top
        .objects('registries')
        .map((entry, i) => decodeEntry(entry, { origin: `${path}: registries[${i}]`, path })),
    };
  });
}

interface Place {
  readonly origin: string;
  readonly path: string;
}

function decodeEntry(entry: ObjectReader, { origin, path }: Place): Entry {
  refuseUnknown(entry, ENTRY_KEYS);
  const pattern = parseNamePattern(entry.string('prefix'));
  if (!pattern) entry.refuse('prefix', 'a host, perhaps with a path, *.domain, or a network');
  const location = entry.optionalString('location');
  if (location !== undefined && pattern.kind !== 'prefix') {
    entry.refuse('location', 'left out where the prefix is a pattern');
  }
  const blocked = entry.optionalBoolean('blocked');
  return {
    origin,
    pattern,
    ...(location === undefined ? {} : { location }),
    ...(blocked === undefined ? {} : { blocked }),
    ...(entry.has('mirrors')
      ? {
          mirrors: entry
            .objects('mirrors')
            .map((mirror, i) => decodeMirror(mirror, { origin: `${origin}.mirrors[${i}]`, path })),
        }
      : {}),
    transport: decodeTransport(entry, path),
  };
}

function decodeMirror(mirror: ObjectReader, { origin, path }: Place): MirrorEntry {
  refuseUnknown(mirror, MIRROR_KEYS);
  const use = mirror.optionalString('pull-from-mirror') ?? 'all';
  if (use !== 'all' && use !== 'digest-only' && use !== 'tag-only') {
    mirror.refuse('pull-from-mirror', 'all, digest-only or tag-only');
  }
  return {
    origin,
    location: mirror.string('location'),
    use,
    resolvesTags: true,
    sendsNamespace: mirror.optionalBoolean('ns') ?? false,
    transport: decodeTransport(mirror, path),
  };
}

/** Paths are taken from the folder of the file. */
function decodeTransport(reader: ObjectReader, path: string): TransportEntry {
  const at = (file: string): string => resolve(dirname(path), file);
  const plainHttp = reader.optionalString('plain-http');
  if (plainHttp !== undefined && !isKeyOf(PLAIN_HTTP, plainHttp)) {
    reader.refuse('plain-http', 'never, auto or always');
  }
  const verify = reader.optionalBoolean('tls-verify');
  const headers = reader.optionalStringMap('headers');
  const authorities =
    typeof reader.raw('ca') === 'string' ? [reader.string('ca')] : reader.strings('ca');
  const certificate = reader.optionalString('client-cert');
  const key = reader.optionalString('client-key') ?? certificate;
  return {
    ...(plainHttp === undefined ? {} : { plainHttp: PLAIN_HTTP[plainHttp] }),
    ...(verify === undefined ? {} : { verify }),
    ...(authorities.length === 0 ? {} : { authorities: authorities.map(at) }),
    ...(certificate === undefined || key === undefined
      ? {}
      : { client: { certificate: at(certificate), key: at(key) } }),
    ...(headers === undefined ? {} : { headers }),
    ...(reader.has('proxy') ? { proxy: proxyOf(reader) } : {}),
  };
}

function proxyOf(reader: ObjectReader): string {
  const proxy = reader.string('proxy');
  if (proxy !== 'none' && !URL.canParse(proxy)) reader.refuse('proxy', 'a URL, or none');
  return proxy;
}

function isKeyOf<T extends object>(table: T, key: string): key is keyof T & string {
  return Object.hasOwn(table, key);
}

function refuseUnknown(reader: ObjectReader, known: readonly string[]): void {
  const unknown = reader.keys().find((key) => !known.includes(key));
  if (unknown !== undefined) reader.refuse(unknown, `left out: it is none of ${known.join(', ')}`);
}
