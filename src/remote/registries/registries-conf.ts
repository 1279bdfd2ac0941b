/**
 * podman's registries.conf, version 2 (containers-registries.conf(5)) with its drop-ins, and the
 * lists of version 1. A drop-in's entry replaces the one of the same prefix; aliases add up.
 */
import type { ObjectReader } from '#core/json.ts';
import type { Fact } from '#core/registry-settings.ts';
import { decodeConfig } from './config-file.ts';
import { type Entry, INSECURE, type MirrorEntry } from './entry.ts';
import { parseNamePattern } from './name-pattern.ts';
import { parseToml } from './toml.ts';

export interface RegistriesConf {
  readonly entries: readonly Entry[];
  /** Short names → full ones; an empty one takes an alias back. */
  readonly aliases: ReadonlyMap<string, ShortNameRule>;
  /** Where short names without an alias are looked for, in order. */
  readonly search: ShortNameSearch | undefined;
  /** Programs that know credentials of all registries, in order. */
  readonly helpers: Fact<readonly string[]> | undefined;
}

export interface ShortNameRule {
  readonly target: string;
  readonly origin: string;
}

export interface ShortNameSearch {
  readonly registries: readonly string[];
  readonly origin: string;
}

/** @throws CONFIG_INVALID */
export function parseRegistriesConf(text: string, path: string): RegistriesConf {
  return decodeConfig(path, () => {
    const top = parseToml(text, path);
    const search = top.has('unqualified-search-registries')
      ? top.strings('unqualified-search-registries')
      : undefined;
    const aliases = Object.entries(top.optionalStringMap('aliases') ?? {});
    const listed = top
      .objects('registry')
      .map((entry, i) => decodeEntry(entry, `${path}: registry[${i}]`));
    return {
      entries: [...listed, ...versionOne(top, path)],
      aliases: new Map(
        aliases.map(([name, target]) => [name, { target, origin: `${path}: aliases` }]),
      ),
      search:
        search === undefined
          ? versionOneSearch(top, path)
          : { registries: search, origin: `${path}: unqualified-search-registries` },
      helpers: top.has('credential-helpers')
        ? { value: top.strings('credential-helpers'), origin: `${path}: credential-helpers` }
        : undefined,
    };
  });
}

/** Later files win, entry by entry. */
export function mergeRegistriesConf(files: readonly RegistriesConf[]): RegistriesConf {
  const entries = new Map<string, Entry>();
  const aliases = new Map<string, ShortNameRule>();
  for (const file of files) {
    for (const entry of file.entries) entries.set(JSON.stringify(entry.pattern), entry);
    for (const [name, rule] of file.aliases) aliases.set(name, rule);
  }
  return {
    entries: [...entries.values()],
    aliases: new Map([...aliases].filter(([, { target }]) => target !== '')),
    search: files.findLast(({ search }) => search !== undefined)?.search,
    helpers: files.findLast(({ helpers }) => helpers !== undefined)?.helpers,
  };
}

function decodeEntry(entry: ObjectReader, origin: string): Entry {
  const location = entry.optionalString('location');
  const prefix = entry.optionalString('prefix') || location;
  const pattern = prefix === undefined ? undefined : parseNamePattern(prefix);
  if (!pattern) {
    entry.refuse('prefix', 'a host, perhaps with a path, or *.domain; without one, location is');
  }
  const isRewritten = location !== undefined && location !== prefix;
  if (pattern.kind === 'subdomains' && isRewritten) {
    entry.refuse('location', 'left out where the prefix begins with *.');
  }
  const digestOnly = entry.optionalBoolean('mirror-by-digest-only') ?? false;
  const mirrors = entry
    .objects('mirror')
    .map((mirror, i) => decodeMirror(mirror, { origin: `${origin}.mirror[${i}]`, digestOnly }));
  const blocked = entry.optionalBoolean('blocked');
  return {
    origin,
    pattern,
    ...(isRewritten ? { location } : {}),
    ...(blocked === undefined ? {} : { blocked }),
    ...(mirrors.length === 0 ? {} : { mirrors }),
    transport: entry.optionalBoolean('insecure') ? INSECURE : {},
  };
}

function decodeMirror(
  mirror: ObjectReader,
  { origin, digestOnly }: { readonly origin: string; readonly digestOnly: boolean },
): MirrorEntry {
  const use = mirror.optionalString('pull-from-mirror') || (digestOnly ? 'digest-only' : 'all');
  if (use !== 'all' && use !== 'digest-only' && use !== 'tag-only') {
    mirror.refuse('pull-from-mirror', 'all, digest-only or tag-only');
  }
  return {
    origin,
    location: mirror.string('location'),
    use,
    resolvesTags: true,
    sendsNamespace: false,
    transport: mirror.optionalBoolean('insecure') ? INSECURE : {},
  };
}

/** `[registries.insecure] registries = […]`, likewise `block`. */
function versionOne(top: ObjectReader, path: string): readonly Entry[] {
  const registries = top.optionalObject('registries');
  const listed = (key: string, more: Partial<Entry>): Entry[] =>
    (registries?.optionalObject(key)?.strings('registries') ?? []).flatMap((host) => {
      const pattern = parseNamePattern(host);
      const origin = `${path}: registries.${key}`;
      return pattern ? [{ origin, pattern, transport: {}, ...more }] : [];
    });
  return [...listed('insecure', { transport: INSECURE }), ...listed('block', { blocked: true })];
}

function versionOneSearch(top: ObjectReader, path: string): ShortNameSearch | undefined {
  const search = top.optionalObject('registries')?.optionalObject('search');
  return (
    search && { registries: search.strings('registries'), origin: `${path}: registries.search` }
  );
}
