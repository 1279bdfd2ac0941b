/**
 * The mirror file (docs/sync.md): YAML or JSON, every key known. A file without `images` at its top is
 * of skopeo's form (skopeo-file.ts).
 */
import { isSlipwayError } from '#core/errors.ts';
import type { ObjectReader } from '#core/json.ts';
import type { MirrorEntry, MirrorFile, MirrorSource, TagSelection } from '#core/mirror.ts';
import { type Platform, parsePlatform } from '#core/platform.ts';
import { isTag } from '#core/reference.ts';
import { decodeConfig } from '#remote/registries/config-file.ts';
import { parseYaml } from '#remote/registries/yaml.ts';
import { refuseUnknown, repositoryIn, SELECT_ALL, stringsIn } from './fields.ts';
import { isRange } from './select-tags.ts';
import { decodeSkopeoFile } from './skopeo-file.ts';

const SHARED_KEYS = ['destination', 'platforms', 'referrers', 'prune', 'rewrite'];
const ENTRY_KEYS = ['source', 'registry', 'repositories', 'tags', ...SHARED_KEYS];
const TAG_KEYS = ['list', 'regex', 'semver', 'exclude', 'prereleases'];
const REPOSITORY_KEYS = ['list', 'regex', 'exclude'];

/** @throws CONFIG_INVALID */
export function parseMirrorFile(text: string, path: string): MirrorFile {
  return decodeConfig(
    path,
    () => {
      const top = parseYaml(text, path);
      if (!top.has('images'))
        return needEntries({ naming: 'base', entries: decodeSkopeoFile(top) });
      refuseUnknown(top, ['images', ...SHARED_KEYS]);
      const shared = decodeShared(top);
      const entries = top.objects('images');
      return needEntries({
        naming: 'path',
        entries: entries.map((entry, i) => decodeEntry(entry, `images[${i}]`, shared)),
      });
    },
    'docs/sync.md',
  );
}

interface Shared {
  readonly destination?: string;
  readonly platforms?: readonly Platform[];
  readonly noReferrers?: boolean;
  readonly prune?: boolean;
  readonly rewrite?: MirrorEntry['rewrite'];
}

function decodeShared(reader: ObjectReader): Shared {
  const destination = reader.optionalString('destination');
  const referrers = reader.optionalBoolean('referrers');
  const prune = reader.optionalBoolean('prune');
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(reader.has('platforms') ? { platforms: platformsIn(reader) } : {}),
    ...(referrers === undefined ? {} : { noReferrers: !referrers }),
    ...(prune === undefined ? {} : { prune }),
    ...(reader.has('rewrite') ? { rewrite: reader.objects('rewrite').map(decodeRewrite) } : {}),
  };
}

function platformsIn(reader: ObjectReader): readonly Platform[] {
  return stringsIn(reader, 'platforms').map((text) => {
    try {
      return parsePlatform(text, { os: 'linux', architecture: 'amd64' });
    } catch (error) {
      if (!isSlipwayError(error)) throw error;
      return reader.refuse('platforms', 'a list such as [linux/amd64, linux/arm64]');
    }
  });
}

function decodeRewrite(reader: ObjectReader) {
  refuseUnknown(reader, ['from', 'to']);
  return { from: regexIn(reader, 'from', reader.string('from')), to: reader.string('to') };
}

function decodeEntry(reader: ObjectReader, origin: string, shared: Shared): MirrorEntry {
  refuseUnknown(reader, ENTRY_KEYS);
  const own = decodeShared(reader);
  const source = decodeSource(reader);
  const { platforms, noReferrers = false, prune = false, rewrite = [] } = { ...shared, ...own };
  return {
    origin,
    source,
    ...destinationIn(own.destination, shared.destination, source),
    rewrite,
    tags: tagsIn(reader),
    ...(platforms ? { platforms } : {}),
    noReferrers,
    prune,
  };
}

/** Of one repository its own destination is the name; all others are what names are put below. */
function destinationIn(
  own: string | undefined,
  shared: string | undefined,
  source: MirrorSource,
): Pick<MirrorEntry, 'destination'> {
  const name = own ?? shared;
  if (name === undefined) return {};
  return { destination: { name, isWhole: own !== undefined && source.kind === 'repository' } };
}

function decodeSource(reader: ObjectReader): MirrorSource {
  const host = reader.optionalString('registry');
  if (host === undefined) {
    if (reader.has('repositories')) reader.refuse('repositories', 'beside a registry');
    return { kind: 'repository', name: repositoryIn(reader, 'source', reader.string('source')) };
  }
  if (reader.has('source')) reader.refuse('registry', 'left out where there is a source');
  const list = reader.optionalObject('repositories');
  if (list) refuseUnknown(list, REPOSITORY_KEYS);
  return {
    kind: 'registry',
    host,
    list: list ? stringsIn(list, 'list') : [],
    regex: list ? regexesIn(list, 'regex') : [],
    exclude: list ? regexesIn(list, 'exclude') : [],
  };
}

/** A list, or an object of ways to choose. */
function tagsIn(reader: ObjectReader): TagSelection {
  if (!reader.has('tags')) return SELECT_ALL;
  if (Array.isArray(reader.raw('tags'))) return { ...SELECT_ALL, list: tagList(reader, 'tags') };
  const tags = reader.object('tags');
  refuseUnknown(tags, TAG_KEYS);
  const ranges = stringsIn(tags, 'semver');
  if (!ranges.every(isRange)) tags.refuse('semver', 'a range such as ">=1.2 <2"');
  return {
    list: tagList(tags, 'list'),
    regex: regexesIn(tags, 'regex'),
    semver: ranges,
    exclude: regexesIn(tags, 'exclude'),
    prereleases: tags.optionalBoolean('prereleases') ?? false,
  };
}

function tagList(reader: ObjectReader, key: string): readonly string[] {
  const list = stringsIn(reader, key);
  return list.every(isTag) ? list : reader.refuse(key, 'a list of tags');
}

function regexesIn(reader: ObjectReader, key: string): readonly RegExp[] {
  return stringsIn(reader, key).map((text) => regexIn(reader, key, text));
}

function regexIn(reader: ObjectReader, key: string, text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return reader.refuse(key, 'a regular expression');
  }
}

/** A file that mirrors nothing is a mistake. */
function needEntries(file: MirrorFile): MirrorFile {
  if (file.entries.length > 0) return file;
  throw new Error('it names no image');
}
