/**
 * skopeo's form of a mirror file (`skopeo sync --src yaml`): registries, and for each `images`,
 * `images-by-tag-regex` and `images-by-semver`. Credentials and certificates have other places here.
 */
import { isDigest } from '#core/digest.ts';
import type { ObjectReader } from '#core/json.ts';
import type { MirrorEntry, TagSelection } from '#core/mirror.ts';
import { isTag } from '#core/reference.ts';
import { refuseUnknown, repositoryIn, SELECT_ALL, stringsIn } from './fields.ts';
import { isRange } from './select-tags.ts';

const WAYS = ['images', 'images-by-tag-regex', 'images-by-semver'] as const;
const ELSEWHERE = {
  credentials: 'left out: log in with "slipway login"',
  'cert-dir': 'left out: certificates are in certs.d, see docs/registries.md',
} as const;

/** @throws what the reader throws */
export function decodeSkopeoFile(top: ObjectReader): readonly MirrorEntry[] {
  return top.keys().flatMap((host) => decodeRegistry(host, top.object(host)));
}

function decodeRegistry(host: string, reader: ObjectReader): readonly MirrorEntry[] {
  for (const [key, expected] of Object.entries(ELSEWHERE)) {
    if (reader.has(key)) reader.refuse(key, expected);
  }
  refuseUnknown(reader, [...WAYS, 'tls-verify']);
  if (reader.optionalBoolean('tls-verify') === false) {
    reader.refuse('tls-verify', 'left out: use --tls-verify=false or registries.yaml');
  }
  return WAYS.flatMap((way) => {
    const images = reader.optionalObject(way);
    if (!images) return [];
    return images.keys().map(
      (name): MirrorEntry => ({
        origin: `${host}: ${way}: ${name}`,
        source: { kind: 'repository', name: repositoryIn(images, name, `${host}/${name}`) },
        rewrite: [],
        tags: tagsOf(images, name, way),
        noReferrers: false,
        prune: false,
      }),
    );
  });
}

function tagsOf(images: ObjectReader, name: string, way: (typeof WAYS)[number]): TagSelection {
  if (way === 'images') {
    const list = images.raw(name) === null ? [] : stringsIn(images, name);
    const isGood = list.every((one) => isTag(one) || isDigest(one));
    return isGood ? { ...SELECT_ALL, list } : images.refuse(name, 'a list of tags and digests');
  }
  const text = images.string(name);
  if (way === 'images-by-semver') {
    return isRange(text)
      ? { ...SELECT_ALL, semver: [text] }
      : images.refuse(name, 'a range such as ">=1.2 <2"');
  }
  try {
    return { ...SELECT_ALL, regex: [new RegExp(text)] };
  } catch {
    return images.refuse(name, 'a regular expression');
  }
}
