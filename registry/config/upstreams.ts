/** Upstreams of the pull-through cache: from the file, a flag (`NAME=URL`), or docker's variables. */
import { resolve } from 'node:path';
import { parseByteSize } from '#core/byte-size.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ObjectReader } from '#core/json.ts';
import { isRepositoryName } from '#core/reference.ts';
import type { RetentionRule, UpstreamConfig, UpstreamCredentials } from '#core/registry-config.ts';
import { namePattern } from '../pattern.ts';
import { nameOfUrl } from '../proxy/upstream.ts';
import { readNamedFile } from '../read-file.ts';
import { durationMs } from './duration.ts';

/** A key of an entry of `proxy.upstreams`; docs/registry-config.md is made of these. */
export const UPSTREAM_KEYS = {
  name: 'What is fetched is kept below this name, and asked for by it: `docker.io` (otherwise: the host of the URL)',
  url: 'Where it is: `https://registry-1.docker.io`. A path is put before the names of its repositories. Needed',
  namespaces: 'What `?ns=` calls it, as containerd sends it (otherwise: its name)',
  prefixes: 'More names that stand for it at the beginning of a repository’s',
  repositories:
    'Names without such a beginning that are looked for there, if no local repository has the name: globs as in rules of access, or regular expressions in slashes; `**` is all (otherwise: none)',
  only: 'Its repositories that may be asked for, in the same form (otherwise: `**`)',
  credentials:
    '`files`: ask with the credentials of docker’s and podman’s files on this machine (otherwise: `none`)',
  username: 'Ask as this user',
  password: 'and with this password',
  'password-file': 'or with the password that is the first line of this file',
  anonymous:
    'What those may do here who do not sign in: `pull`, or `none` whatever the rules of access say (otherwise: `none` where it is asked with credentials, else `pull`)',
  push: '`true`: take pushes to its names; a tag that was pushed is no longer asked for there (otherwise: `false`)',
  fresh:
    'How long a tag or a list is believed before the upstream is asked again: `30s`, `10m`, `0` (otherwise: `1m`)',
  ttl: 'What nobody has pulled for this long is removed, when the rules of retention are applied (`retention.interval`): `168h` (otherwise: never)',
  bandwidth: 'So many bytes a second for blobs, all together: `20MiB` (otherwise: no limit)',
} as const;

const FRESH_MS = 60_000;

/** `proxy.upstreams` of the file in `folder`. @throws CONFIG_INVALID, FILE_MISSING */
export function upstreamsIn(
  proxy: ObjectReader | undefined,
  folder: string,
): readonly UpstreamConfig[] {
  return (proxy?.objects('upstreams') ?? []).map((entry) => upstreamIn(entry, folder));
}

function upstreamIn(entry: ObjectReader, folder: string): UpstreamConfig {
  const keys = Object.keys(UPSTREAM_KEYS);
  const unknown = entry.keys().find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw invalid(`an upstream has no key ${unknown}`, `there is: ${keys.join(', ')}`);
  const name = entry.optionalString('name');
  const anonymous = anonymousIn(entry.optionalString('anonymous'));
  const ttlMs = timeIn(entry, 'ttl');
  const bytesPerSecond = rateIn(scalar(entry, 'bandwidth'));
  return upstreamOf(entry.string('url'), {
    ...(name === undefined ? {} : { name }),
    ...(entry.has('namespaces') ? { namespaces: entry.strings('namespaces') } : {}),
    ...(entry.has('only') ? { only: entry.strings('only') } : {}),
    ...(anonymous ? { anonymous } : {}),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    prefixes: entry.strings('prefixes'),
    repositories: entry.strings('repositories'),
    credentials: credentialsIn(entry, folder),
    push: entry.optionalBoolean('push') ?? false,
    freshMs: timeIn(entry, 'fresh') ?? FRESH_MS,
  });
}

/** `NAME=URL`, or a URL alone, which all names without an upstream are looked for at. @throws CONFIG_INVALID */
export function upstreamFromFlag(text: string): UpstreamConfig {
  const [, name, url = ''] = /^([^=:]+)=(.*)$/.exec(text) ?? [];
  return name === undefined
    ? upstreamOf(text, { repositories: ['**'] })
    : upstreamOf(url, { name });
}

/** The rest is what is usual. @throws CONFIG_INVALID */
export function upstreamOf(text: string, said: Partial<UpstreamConfig>): UpstreamConfig {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || `${url.search}${url.hash}` !== '') {
    throw invalid(
      `an upstream is at ${JSON.stringify(text)}`,
      'it is a URL such as https://registry-1.docker.io',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      `the URL of an upstream at ${url.host} holds a user`,
      'write username and password beside it',
    );
  }
  const name = said.name ?? nameOfUrl(url);
  if (!isRepositoryName(name)) {
    throw invalid(
      `an upstream is named ${JSON.stringify(name)}`,
      'a name is like the beginning of a repository name: docker.io',
    );
  }
  const credentials = said.credentials ?? { kind: 'none' };
  const upstream: UpstreamConfig = {
    namespaces: [name],
    prefixes: [],
    repositories: [],
    only: ['**'],
    push: false,
    freshMs: FRESH_MS,
    anonymous: credentials.kind === 'none' ? 'pull' : 'none',
    ...said,
    name,
    url: text,
    credentials,
  };
  for (const pattern of [...upstream.repositories, ...upstream.only]) checkPattern(pattern);
  return upstream;
}

/** One name is one upstream. @throws CONFIG_INVALID */
export function checkUpstreams(upstreams: readonly UpstreamConfig[]): readonly UpstreamConfig[] {
  for (const words of [
    upstreams.flatMap(({ name, prefixes }) => [name, ...prefixes]),
    upstreams.flatMap(({ namespaces }) => namespaces),
  ]) {
    const twice = words.find((word, at) => words.indexOf(word) !== at);
    if (twice !== undefined)
      throw invalid(`two upstreams are named ${twice}`, 'give one of them another name');
  }
  return upstreams;
}

/** What nobody pulls goes as any other content does that nobody pulls: by a rule of retention. */
export function ttlRules(upstreams: readonly UpstreamConfig[]): readonly RetentionRule[] {
  return upstreams.flatMap(({ name, ttlMs }) =>
    ttlMs === undefined
      ? []
      : {
          repositories: `${name}/**`,
          tags: '**',
          pushedWithinMs: ttlMs,
          pulledWithinMs: ttlMs,
          untaggedMs: ttlMs,
        },
  );
}

function credentialsIn(entry: ObjectReader, folder: string): UpstreamCredentials {
  const username = entry.optionalString('username');
  const file = entry.optionalString('password-file');
  const password =
    file === undefined
      ? entry.optionalString('password')
      : readNamedFile(resolve(folder, file)).toString('utf8').split(/\r?\n/)[0];
  const source = entry.optionalString('credentials') ?? 'none';
  if (source !== 'none' && source !== 'files') {
    throw invalid(
      `credentials of an upstream are ${JSON.stringify(source)}`,
      'they can be none or files',
    );
  }
  return passwordOr(source, username, password);
}

/** @throws CONFIG_INVALID for half of them */
export function passwordOr(
  source: 'none' | 'files',
  username: string | undefined,
  password: string | undefined,
): UpstreamCredentials {
  if (username !== undefined && password !== undefined) {
    return { kind: 'password', username, password };
  }
  if (username === undefined && password === undefined) return { kind: source };
  throw invalid('username and password of an upstream need each other');
}

function anonymousIn(text: string | undefined): 'none' | 'pull' | undefined {
  if (text === undefined || text === 'none' || text === 'pull') return text;
  throw invalid(`anonymous of an upstream is ${JSON.stringify(text)}`, 'it can be none or pull');
}

function checkPattern(pattern: string): void {
  try {
    namePattern(pattern);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw invalid(`${pattern} is no regular expression: ${cause.message}`);
  }
}

/** YAML reads `0` as a number. */
function scalar(entry: ObjectReader, key: string): string | undefined {
  const value = entry.raw(key);
  return value === undefined || value === null ? undefined : String(value);
}

/** @throws CONFIG_INVALID */
function timeIn(entry: ObjectReader, key: string): number | undefined {
  const text = scalar(entry, key);
  if (text === undefined) return undefined;
  const ms = text === '0' ? 0 : durationMs(text);
  if (ms !== undefined) return ms;
  throw invalid(
    `${key} of an upstream is ${JSON.stringify(text)}`,
    'it is a time such as 30s, 12h or 7d',
  );
}

function rateIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseByteSize(text, { flag: 'bandwidth', min: 1 });
  } catch (error) {
    if (!isSlipwayError(error, 'USAGE')) throw error;
    throw invalid(
      `bandwidth of an upstream is ${JSON.stringify(text)}`,
      'it is a size such as 20MiB',
    );
  }
}

function invalid(what: string, hint?: string): SlipwayError {
  return new SlipwayError('CONFIG_INVALID', what, hint === undefined ? {} : { hint });
}
