/**
 * All configuration files as sources, read when first asked: our own files, registries.conf,
 * hosts.toml, daemon.json, buildkitd.toml and certs.d, in this order of importance.
 */
import { join } from 'node:path';
import type { Reference } from '#core/reference.ts';
import type { ProxySettings, RegistrySettings } from '#core/registry-settings.ts';
import type { BuildkitdToml } from './buildkitd-toml.ts';
import { readCertificateFolder } from './certificate-folder.ts';
import { listConfigFiles, readConfigFile, readForeignFile } from './config-file.ts';
import type { DaemonJson } from './daemon-json.ts';
import type { Entry } from './entry.ts';
import { type LookupAddresses, matchLength } from './name-pattern.ts';
import type { OwnFile } from './own-file.ts';
import type { RegistriesConf } from './registries-conf.ts';

/** What all files say, but for those that have a folder per host. */
export interface LoadedFiles {
  readonly own: readonly OwnFile[];
  readonly containers: RegistriesConf;
  readonly daemon: readonly DaemonJson[];
  readonly buildkit: readonly BuildkitdToml[];
  /** Files that are there, in the order they count. */
  readonly paths: readonly string[];
  /** The daemons' files that are kept from us. */
  readonly unreadable: ReadonlySet<string>;
}

/** @throws CONFIG_INVALID, PERMISSION */
export async function loadFiles(settings: RegistrySettings): Promise<LoadedFiles> {
  const unreadable = new Set<string>();
  const own = await readAll(settings.own);
  const containers = await containersFiles(settings);
  const readable = (path: string): Promise<string | undefined> =>
    readForeignFile(path, () => unreadable.add(path));
  const daemon = await readAll(settings.daemon, readable);
  const buildkit = await readAll(settings.buildkit, readable);
  return {
    own: await decodeAll(own, async () => (await import('./own-file.ts')).parseOwnFile),
    containers: await decodeContainers(containers),
    daemon: await decodeAll(daemon, async () => (await import('./daemon-json.ts')).parseDaemonJson),
    buildkit: await decodeAll(
      buildkit,
      async () => (await import('./buildkitd-toml.ts')).parseBuildkitdToml,
    ),
    paths: [...own, ...containers, ...daemon, ...buildkit].map(({ path }) => path),
    unreadable,
  };
}

interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** Most machines have none of the files: their parsers are loaded for those that do. */
async function decodeAll<T>(
  files: readonly FoundFile[],
  parser: () => Promise<(text: string, path: string) => T>,
): Promise<readonly T[]> {
  if (files.length === 0) return [];
  const parse = await parser();
  return files.map(({ text, path }) => parse(text, path));
}

async function decodeContainers(files: readonly FoundFile[]): Promise<RegistriesConf> {
  if (files.length === 0) {
    return { entries: [], aliases: new Map(), search: undefined, helpers: undefined };
  }
  const { mergeRegistriesConf, parseRegistriesConf } = await import('./registries-conf.ts');
  return mergeRegistriesConf(files.map(({ text, path }) => parseRegistriesConf(text, path)));
}

async function containersFiles({ containers }: RegistrySettings): Promise<readonly FoundFile[]> {
  const [main] = await readAll(containers.main);
  const dropIns: string[] = [];
  for (const folder of containers.dropIns)
    dropIns.push(...(await listConfigFiles(folder, '.conf')));
  return [...(main ? [main] : []), ...(await readAll(dropIns))];
}

async function readAll(
  paths: readonly string[],
  read: (path: string) => Promise<string | undefined> = readConfigFile,
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    const text = await read(path);
    if (text !== undefined) found.push({ path, text });
  }
  return found;
}

/** daemon.json's proxies, the most important first. */
export function daemonProxies({ daemon }: LoadedFiles): ProxySettings {
  return Object.assign({}, ...daemon.toReversed().map(({ proxies }) => proxies));
}

/**
 * Everything that is said about a name, the most important first: within a file the longest
 * pattern, and of registries.conf no other, as podman has it.
 */
export async function entriesFor(
  name: Reference,
  options: {
    readonly settings: RegistrySettings;
    readonly files: LoadedFiles;
    readonly lookup: LookupAddresses;
  },
): Promise<readonly Entry[]> {
  const { settings, files, lookup } = options;
  const found: Entry[] = [];
  for (const { entries } of files.own) found.push(...(await matching(entries, name, lookup)));
  found.push(...(await matching(files.containers.entries, name, lookup)).slice(0, 1));
  found.push(...(await hostsEntries(settings.hosts, name.registry)));
  for (const { entries } of [...files.daemon, ...files.buildkit]) {
    found.push(...(await matching(entries, name, lookup)));
  }
  for (const folder of settings.certificates) {
    const entry = await readCertificateFolder(folder, name.registry);
    if (!entry) continue;
    found.push(entry);
    break;
  }
  return found;
}

/** The longest match first. */
async function matching(
  entries: readonly Entry[],
  name: Reference,
  lookup: LookupAddresses,
): Promise<readonly Entry[]> {
  const found: { readonly entry: Entry; readonly length: number }[] = [];
  for (const entry of entries) {
    const length = await matchLength(entry.pattern, name, lookup);
    if (length !== undefined) found.push({ entry, length });
  }
  return found.sort((left, right) => right.length - left.length).map(({ entry }) => entry);
}

/** Of each folder the host's own file, else `_default`. A folder without one may hold certificates. */
async function hostsEntries(
  folders: readonly string[],
  registry: string,
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for (const folder of folders) {
    for (const name of [registry, '_default']) {
      const path = join(folder, name, 'hosts.toml');
      const text = await readConfigFile(path);
      const certificates =
        text === undefined ? await readCertificateFolder(folder, name) : undefined;
      if (certificates) found.push(certificates);
      if (text !== undefined) {
        const { parseHostsToml } = await import('./hosts-toml.ts');
        found.push(parseHostsToml(text, { path, registry }));
      }
      if (text !== undefined || certificates) break;
    }
  }
  return found;
}
