/**
 * From flags, environment and file to one {@link RegistryConfig}: flags win over SLIPWAY_REGISTRY_*
 * variables, those over docker's REGISTRY_*, those over the file, the file over the defaults. A key
 * that does not exist is refused where it stands, for it was meant to do something.
 */
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { parseByteSize } from '#core/byte-size.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { type JsonValue, ObjectReader } from '#core/json.ts';
import type {
  AuthConfig,
  CareConfig,
  ProxyConfig,
  RegistryConfig,
  RetentionRule,
  TlsConfig,
  UpstreamConfig,
} from '#core/registry-config.ts';
import { readNamedFile } from '../read-file.ts';
import { careIn } from './care.ts';
import { durationMs } from './duration.ts';
import { CONFIG_KEYS, type ConfigKey, type ConfigKeyName, variableOf } from './keys.ts';
import { rulesIn, STRUCTURED_KEYS, webhooksIn } from './structured.ts';
import {
  checkUpstreams,
  passwordOr,
  ttlRules,
  upstreamFromFlag,
  upstreamOf,
  upstreamsIn,
} from './upstreams.ts';

export interface ConfigSources {
  /** By key; undefined: the flag was not given. */
  readonly flags: Readonly<Partial<Record<ConfigKeyName, string | undefined>>>;
  readonly variable: (name: string) => string | undefined;
  /** A YAML or JSON file; paths in it are relative to it. */
  readonly file?: string;
  /** Upstreams of flags: `NAME=URL`, or a URL. */
  readonly proxies?: readonly string[];
}

/** @throws CONFIG_INVALID, FILE_MISSING */
export function resolveConfig(sources: ConfigSources): RegistryConfig {
  const file = sources.file === undefined ? undefined : readConfigFile(sources.file);
  const values = new ConfigValues(sources, file);
  const proxy = proxyIn(values, sources, file);
  const tls = tlsIn(values);
  return {
    address: values.text('address') ?? CONFIG_KEYS.address.fallback,
    allowPublic: values.boolean('allow-public'),
    allowSparse: values.boolean('allow-sparse'),
    allowDelete: values.boolean('allow-delete', true),
    readOnly: values.boolean('read-only'),
    ...(tls ? { tls } : {}),
    auth: authIn(values, file),
    ...accessLogIn(values),
    pages: values.boolean('pages', true),
    metrics: values.boolean('metrics', true),
    minFreeBytes: values.size('min-free'),
    webhooks: file ? webhooksIn(file.document) : [],
    care: withRules(careIn(values, file?.document), ttlRules(proxy.upstreams)),
    proxy,
  };
}

function withRules(care: CareConfig, more: readonly RetentionRule[]): CareConfig {
  const { retention } = care;
  return { ...care, retention: { ...retention, rules: [...retention.rules, ...more] } };
}

function proxyIn(
  values: ConfigValues,
  { proxies = [] }: ConfigSources,
  file: ConfigFile | undefined,
): ProxyConfig {
  const url = values.text('proxy.url');
  const given = proxies.map(upstreamFromFlag);
  const more = [
    ...(url === undefined ? [] : [dockersUpstream(url, values)]),
    ...(file ? upstreamsIn(file.document.optionalObject('proxy'), file.folder) : []),
  ];
  const names = new Set(given.map(({ name }) => name));
  return {
    // A flag wins over what the file says of the same name.
    upstreams: checkUpstreams([...given, ...more.filter(({ name }) => !names.has(name))]),
    ownNames: values.list('proxy.own-names'),
  };
}

/** The one upstream that docker's registry can have. */
function dockersUpstream(url: string, values: ConfigValues): UpstreamConfig {
  const ttlMs = values.duration('proxy.ttl');
  const anonymous = values.text('proxy.anonymous');
  return upstreamOf(url, {
    repositories: ['**'],
    credentials: passwordOr('none', values.text('proxy.username'), values.text('proxy.password')),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(anonymous === 'none' || anonymous === 'pull' ? { anonymous } : {}),
  });
}

function accessLogIn(values: ConfigValues): Pick<RegistryConfig, 'accessLog'> {
  const form = values.oneOf('access-log', ['off', 'combined', 'json']);
  return form === 'off' ? {} : { accessLog: form };
}

function tlsIn(values: ConfigValues): TlsConfig | undefined {
  const certificate = values.text('tls.certificate');
  const key = values.text('tls.key');
  const clientCa = values.text('tls.client-ca');
  const clients = values.oneOf('tls.clients', ['request', 'require']);
  const rest = { ...(clientCa === undefined ? {} : { clientCa }), clients };
  if (certificate !== undefined && key !== undefined) {
    return { source: { kind: 'files', certificate, key }, ...rest };
  }
  if (certificate !== undefined || key !== undefined) {
    throw invalid('tls.certificate and tls.key need each other');
  }
  if (values.boolean('tls.self')) {
    return { source: { kind: 'self', names: values.list('tls.names') }, ...rest };
  }
  if (clientCa !== undefined) throw invalid('tls.client-ca needs a certificate of the server');
  return undefined;
}

function authIn(values: ConfigValues, file: ConfigFile | undefined): AuthConfig {
  const users = values.text('auth.users');
  const keys = values.text('auth.keys');
  const rules = file && rulesIn(file.document);
  const service = values.text('auth.service') ?? CONFIG_KEYS['auth.service'].fallback;
  const server = tokenServerIn(values, service);
  return {
    ...(users === undefined ? {} : { users }),
    ...(keys === undefined ? {} : { keys }),
    anonymous: values.oneOf('auth.anonymous', ['none', 'pull']),
    scheme: values.oneOf('auth.scheme', ['token', 'basic']),
    tokenSeconds: values.seconds('auth.token-seconds'),
    service,
    ...(server ? { server } : {}),
    ...(rules ? { rules } : {}),
  };
}

function tokenServerIn(values: ConfigValues, service: string): AuthConfig['server'] {
  const realm = values.text('auth.realm');
  if (realm === undefined) return undefined;
  const issuer = values.text('auth.issuer');
  const jwks = values.text('auth.jwks');
  if (issuer === undefined || jwks === undefined) {
    throw invalid(
      'auth.realm needs auth.issuer and auth.jwks',
      'or leave it out: slipway gives tokens itself',
    );
  }
  return { realm, service, issuer, jwks };
}

/** Looks a key up in all sources, best first. */
class ConfigValues {
  readonly #sources: ConfigSources;
  readonly #file: ConfigFile | undefined;

  constructor(sources: ConfigSources, file: ConfigFile | undefined) {
    this.#sources = sources;
    this.#file = file;
  }

  text(key: ConfigKeyName): string | undefined {
    const spec: ConfigKey = CONFIG_KEYS[key];
    const value =
      this.#sources.flags[key] ?? this.#variable(key, spec) ?? this.#file?.scalars.get(key);
    if (value === undefined || value === '') return undefined;
    if (spec.values && !spec.values.includes(value)) {
      throw invalid(`${key} is ${JSON.stringify(value)}`, `it can be ${spec.values.join(' or ')}`);
    }
    return value;
  }

  oneOf<const T extends string>(key: ConfigKeyName, values: readonly [T, ...T[]]): T {
    const value = this.text(key);
    return values.find((candidate) => candidate === value) ?? values[0];
  }

  boolean(key: ConfigKeyName, fallback = false): boolean {
    const value = this.text(key);
    if (value === undefined) return fallback;
    if (['true', '1', 'yes', 'on'].includes(value.toLowerCase())) return true;
    if (['false', '0', 'no', 'off'].includes(value.toLowerCase())) return false;
    throw invalid(`${key} is ${JSON.stringify(value)}`, 'it can be true or false');
  }

  seconds(key: ConfigKeyName): number {
    const spec: ConfigKey = CONFIG_KEYS[key];
    const value = this.text(key) ?? spec.fallback ?? '';
    if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
    throw invalid(`${key} is ${JSON.stringify(value)}`, 'it is a whole number of seconds');
  }

  /** Undefined: `off`. */
  duration(key: ConfigKeyName): number | undefined {
    const spec: ConfigKey = CONFIG_KEYS[key];
    const value = this.text(key) ?? spec.fallback ?? 'off';
    if (value === 'off' || value === '0') return undefined;
    const ms = durationMs(value);
    if (ms !== undefined) return ms;
    throw invalid(
      `${key} is ${JSON.stringify(value)}`,
      'it is a time such as 90s, 12h or 7d, or off',
    );
  }

  size(key: ConfigKeyName): number {
    const spec: ConfigKey = CONFIG_KEYS[key];
    const value = this.text(key) ?? spec.fallback ?? '';
    try {
      return parseByteSize(value, { flag: key });
    } catch (error) {
      if (!isSlipwayError(error, 'USAGE')) throw error;
      throw invalid(`${key} is ${JSON.stringify(value)}`, 'it is a size such as 500MiB');
    }
  }

  list(key: ConfigKeyName): readonly string[] {
    const value = this.text(key) ?? '';
    return value.split(/[\s,]+/).filter((word) => word !== '');
  }

  #variable(key: ConfigKeyName, { docker }: ConfigKey): string | undefined {
    const { variable } = this.#sources;
    return variable(variableOf(key)) ?? (docker === undefined ? undefined : variable(docker));
  }
}

interface ConfigFile {
  /** Scalars by dotted key, paths made absolute, lists joined by commas. */
  readonly scalars: ReadonlyMap<string, string>;
  readonly document: ObjectReader;
  readonly folder: string;
}

function readConfigFile(path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(readNamedFile(path).toString('utf8'), {
    lineCounter: lines,
    prettyErrors: false,
  });
  const [problem] = document.errors;
  if (problem) {
    throw invalid(`${path}:${lines.linePos(problem.pos[0]).line}: ${problem.message}`);
  }
  const root = (document.toJS({ maxAliasCount: 100 }) ?? {}) as JsonValue;
  const scalars = new Map<string, string>();
  const lineOf = (keys: readonly string[]): number => {
    const node: unknown = document.getIn(keys, true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : [0];
    return lines.linePos(Array.isArray(range) ? Number(range[0]) : 0).line;
  };
  collect(root, [], (keys, value) => {
    const key = keys.join('.');
    const spec: ConfigKey | undefined = Object.entries(CONFIG_KEYS).find(([k]) => k === key)?.[1];
    if (!spec) {
      throw invalid(`${path}:${lineOf(keys)}: there is no key ${key}`, nearKeys(keys));
    }
    scalars.set(key, spec.type === 'path' ? resolve(dirname(path), value) : value);
  });
  return { scalars, document: new ObjectReader(root, path), folder: dirname(path) };
}

/** Calls back with every scalar and every list of scalars; what structured.ts reads is left to it. */
function collect(
  value: JsonValue,
  keys: readonly string[],
  each: (keys: readonly string[], value: string) => void,
): void {
  if (STRUCTURED_KEYS.includes(keys.join('.'))) return;
  if (Array.isArray(value)) each(keys, value.map(String).join(','));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) collect(inner, [...keys, key], each);
  } else if (keys.length > 0 && value !== null) each(keys, String(value));
}

function nearKeys(keys: readonly string[]): string {
  const all = [...Object.keys(CONFIG_KEYS), ...STRUCTURED_KEYS];
  const near = all.filter((key) => key.startsWith(`${keys[0]}.`));
  return `the keys ${near.length > 0 ? `of ${keys[0]}` : ''} are ${(near.length > 0 ? near : all).join(', ')}`;
}

function invalid(what: string, hint?: string): SlipwayError {
  return new SlipwayError('CONFIG_INVALID', what, hint === undefined ? {} : { hint });
}
