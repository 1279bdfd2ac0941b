/**
 * The proxies of whoever builds as build arguments, so that RUN reaches what they reach: docker's
 * config.json (`proxies.default`) first, then the environment. They are in no key and no history.
 */
import { readFileSync } from 'node:fs';
import { errnoOf } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

/** docker's fields and the variables they are for. */
const FIELDS = [
  ['httpProxy', 'HTTP_PROXY'],
  ['httpsProxy', 'HTTPS_PROXY'],
  ['ftpProxy', 'FTP_PROXY'],
  ['noProxy', 'NO_PROXY'],
  ['allProxy', 'ALL_PROXY'],
] as const;

export interface ProxySources {
  /** docker's config.json; it need not be there. */
  readonly configFile: string | undefined;
  readonly variable: (name: string) => string | undefined;
  /** Hears that the file is there and cannot be read, which stops nobody, as with docker. */
  readonly warn: (text: string) => void;
}

/** By the name of the variable, both as docker writes it and in small letters. @throws JSON_INVALID */
export function proxyArguments({
  configFile,
  variable,
  warn,
}: ProxySources): Readonly<Record<string, string>> {
  const configured = configFile === undefined ? undefined : configuredProxies(configFile, warn);
  return Object.fromEntries(
    FIELDS.flatMap(([field, name]) =>
      [name, name.toLowerCase()].flatMap((key) => {
        const value = configured?.optionalString(field) || variable(key);
        return value ? [[key, value] as const] : [];
      }),
    ),
  );
}

function configuredProxies(path: string, warn: ProxySources['warn']): ObjectReader | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    warn(`WARNING: Error loading config file: ${path}: ${errno ?? 'unreadable'}`);
    return undefined;
  }
  // What is for registries is read, and judged, by whoever goes to one.
  if (!text.includes('"proxies"')) return undefined;
  const top = new ObjectReader(parseJson(text, path), path);
  return top.optionalObject('proxies')?.optionalObject('default');
}
