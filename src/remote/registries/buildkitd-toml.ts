/**
 * BuildKit's buildkitd.toml, its `[registry."host"]` tables: `mirrors`, `http`, `insecure`, `ca`,
 * `keypair`. A mirror has a table of its own where something is to be said of it. The rest is the
 * daemon's own business.
 */
import { dirname, resolve } from 'node:path';
import type { ObjectReader } from '#core/json.ts';
import { decodeConfig } from './config-file.ts';
import { type Entry, INSECURE, type MirrorEntry, type TransportEntry } from './entry.ts';
import { parseNamePattern } from './name-pattern.ts';
import { parseToml } from './toml.ts';

export interface BuildkitdToml {
  readonly entries: readonly Entry[];
}

/** @throws CONFIG_INVALID */
export function parseBuildkitdToml(text: string, path: string): BuildkitdToml {
  return decodeConfig(path, () => {
    const registries = parseToml(text, path).optionalObject('registry');
    const entries = (registries?.keys() ?? []).flatMap((host) => {
      const table = registries?.optionalObject(host);
      return table ? [decodeTable(table, { host, path })] : [];
    });
    return { entries };
  });
}

function decodeTable(
  table: ObjectReader,
  { host, path }: { readonly host: string; readonly path: string },
): Entry {
  const origin = `${path}: registry."${host}"`;
  const pattern = parseNamePattern(host);
  if (pattern?.kind !== 'prefix' || host.includes('/')) {
    table.refuse('registry', `a table for each host, not for "${host}"`);
  }
  const mirrors = table
    .strings('mirrors')
    .map((location, i) => mirrorAt(location, `${origin}.mirrors[${i}]`));
  return {
    origin,
    pattern,
    ...(mirrors.length === 0 ? {} : { mirrors }),
    transport: decodeTransport(table, dirname(path)),
  };
}

function mirrorAt(location: string, origin: string): MirrorEntry {
  return {
    origin,
    location,
    use: 'all',
    resolvesTags: true,
    sendsNamespace: false,
    transport: {},
  };
}

function decodeTransport(table: ObjectReader, folder: string): TransportEntry {
  const isInsecure = table.optionalBoolean('insecure') ?? false;
  const isPlain = table.optionalBoolean('http') ?? false;
  const [pair] = table.objects('keypair');
  const authorities = table.strings('ca').map((file) => resolve(folder, file));
  return {
    ...wayOf(isPlain, isInsecure),
    ...(authorities.length === 0 ? {} : { authorities }),
    ...(pair
      ? {
          client: {
            certificate: resolve(folder, pair.string('cert')),
            key: resolve(folder, pair.string('key')),
          },
        }
      : {}),
  };
}

/** Here `insecure` alone speaks of the certificate only, and `http` says plain HTTP. */
function wayOf(isPlain: boolean, isInsecure: boolean): TransportEntry {
  if (isPlain && isInsecure) return INSECURE;
  if (isPlain) return { plainHttp: 'always' };
  return isInsecure ? { verify: false } : {};
}
