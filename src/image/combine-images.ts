/**
 * One index of several sources, as `docker buildx imagetools create` makes it, to the byte: what indexes
 * list is taken over, images are listed with the platform of their config. A single source that is to
 * become nothing else stays as it is.
 */
import type { BuildAnnotation } from '#core/build-annotation.ts';
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { DOCKER_LIST, isIndexType, OCI_INDEX } from '#core/media-type.ts';
import { formatPlatform, normalizePlatform, type Platform } from '#core/platform.ts';
import type { RawManifest } from '#core/repository.ts';
import { descriptorsIn } from './manifest-list.ts';

export interface CombineSource {
  readonly raw: RawManifest;
  /** With its platform, where it is an image. */
  readonly descriptor: Descriptor;
}

export interface CombineOptions {
  /** An index also of one image. */
  readonly preferIndex: boolean;
  readonly annotations: readonly BuildAnnotation[];
  /** Only images for these; none: all. */
  readonly platforms: readonly Platform[];
}

export interface CombinedImage {
  readonly raw: RawManifest;
  /** What it lists, each with the number of the source that has it; empty for a source as it is. */
  readonly listed: readonly { readonly digest: Digest; readonly source: number }[];
}

/** BuildKit's, on what is stated about an image beside it. */
const SUBJECT = 'vnd.docker.reference.digest';

/** @throws USAGE (annotations that have no place), PLATFORM_UNKNOWN, MANIFEST_INVALID */
export function combineImages(
  sources: readonly CombineSource[],
  options: CombineOptions,
): CombinedImage {
  const { annotations, platforms, preferIndex } = options;
  const [only, ...others] = sources;
  const isChanged = others.length > 0 || annotations.length > 0 || platforms.length > 0;
  if (only && !isChanged && (isIndexType(only.raw.mediaType) || !preferIndex)) {
    return { raw: only.raw, listed: [] };
  }
  const all = merged(sources);
  const kept = platforms.length > 0 ? ofPlatforms(all, platforms) : all;
  const raw = encode(
    kept.map(({ descriptor }) => descriptor),
    annotations,
  );
  return { raw, listed: kept.map(({ descriptor: { digest }, source }) => ({ digest, source })) };
}

interface Listed {
  readonly descriptor: Descriptor;
  readonly source: number;
}

/** Each digest once, where it is first; what later sources say of it is added. */
function merged(sources: readonly CombineSource[]): readonly Listed[] {
  const found = new Map<Digest, Listed>();
  for (const [source, { raw, descriptor }] of sources.entries()) {
    for (const added of isIndexType(raw.mediaType) ? descriptorsIn(raw) : [descriptor]) {
      const before = found.get(added.digest);
      const more = before ? { ...before, descriptor: joined(before.descriptor, added) } : undefined;
      found.set(added.digest, more ?? { descriptor: added, source });
    }
  }
  return [...found.values()];
}

function joined(before: Descriptor, added: Descriptor): Descriptor {
  const { platform = before.platform } = added;
  return {
    ...before,
    annotations: { ...before.annotations, ...added.annotations },
    ...(platform ? { platform } : {}),
  };
}

/** With what is stated about them. */
function ofPlatforms(all: readonly Listed[], wanted: readonly Platform[]): readonly Listed[] {
  const names = new Set(wanted.map((platform) => formatPlatform(normalizePlatform(platform))));
  const isWanted = ({ descriptor: { platform } }: Listed): boolean =>
    platform !== undefined && names.has(formatPlatform(normalizePlatform(platform)));
  const images = new Set(all.filter(isWanted).map(({ descriptor }) => descriptor.digest as string));
  if (images.size === 0) {
    throw new SlipwayError('PLATFORM_UNKNOWN', `no image is for ${[...names].join(', ')}`, {
      hint: 'slipway imagetools inspect lists the platforms of a source',
    });
  }
  return all.filter(
    ({ descriptor: { digest, annotations } }) =>
      images.has(digest) || images.has(annotations?.[SUBJECT] ?? ''),
  );
}

function encode(
  listed: readonly Descriptor[],
  annotations: readonly BuildAnnotation[],
): RawManifest {
  const isDocker = listed.every(({ mediaType }) => mediaType.startsWith('application/vnd.docker.'));
  // docker drops annotations where its own list has no room for them.
  const mediaType = isDocker && annotations.length === 0 ? DOCKER_LIST : OCI_INDEX;
  const own = sorted(indexAnnotations(annotations));
  const document = {
    schemaVersion: 2,
    mediaType,
    manifests: listed.map((descriptor) => fields(annotated(descriptor, annotations))),
    ...(own ? { annotations: own } : {}),
  };
  const bytes = Buffer.from(JSON.stringify(document, undefined, 2));
  return { mediaType, digest: digestOf(bytes), bytes };
}

function indexAnnotations(all: readonly BuildAnnotation[]): Readonly<Record<string, string>> {
  const bad = all.find(({ on }) => on === 'manifest');
  if (bad) {
    throw new SlipwayError('USAGE', '"manifest" annotations are not supported yet', {
      hint: `write index:${bad.key}=… for the index, manifest-descriptor:${bad.key}=… for what it lists`,
    });
  }
  const own = all.filter(({ on }) => on === 'index');
  return Object.fromEntries(own.map(({ key, value }) => [key, value]));
}

function annotated(descriptor: Descriptor, all: readonly BuildAnnotation[]): Descriptor {
  const { platform } = descriptor;
  const own = all.filter(
    ({ on, platform: wanted }) =>
      on === 'manifest-descriptor' &&
      (!wanted ||
        (platform && formatPlatform(normalizePlatform(platform)) === formatPlatform(wanted))),
  );
  const added = Object.fromEntries(own.map(({ key, value }) => [key, value]));
  return { ...descriptor, annotations: { ...descriptor.annotations, ...added } };
}

/** In the order of the specification's Go types, which everybody uses. */
function fields({ mediaType, digest, size, ...rest }: Descriptor): object {
  const { urls, annotations, data, platform, artifactType } = rest;
  const notes = sorted(annotations ?? {});
  return {
    mediaType,
    digest,
    size,
    ...(urls ? { urls } : {}),
    ...(notes ? { annotations: notes } : {}),
    ...(data ? { data } : {}),
    ...(platform ? { platform } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
}

function sorted(map: Readonly<Record<string, string>>): object | undefined {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
