/**
 * Manifests and indexes, OCI and Docker schema 2, decoded for looking at. The bytes stay with the
 * RawManifest: what is decoded here is never encoded again to get a digest.
 */
import type { Descriptor } from './descriptor.ts';
import { type Digest, digestOf, parseDigest } from './digest.ts';
import { SlipwayError } from './errors.ts';
import { ObjectReader, parseJson } from './json.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  isIndexType,
  isManifestType,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-type.ts';
import { normalizePlatform, type Platform } from './platform.ts';
import type { RawManifest } from './repository.ts';

export type Manifest = ImageManifest | ImageIndex;

export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Base first. */
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+';

/** The largest manifest we read: 4 MiB is what registries must take (distribution-spec §Pushing Manifests). */
export const MANIFEST_SIZE_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes to a RawManifest; the media type is the document's own, else `contentType`. @throws MANIFEST_INVALID */
export function rawManifest(bytes: Uint8Array, contentType?: string): RawManifest {
  const own = detectMediaType(bytes);
  const mediaType = own ?? contentType;
  if (!mediaType || !isManifestType(mediaType)) {
    throw new SlipwayError(
      'MANIFEST_INVALID',
      mediaType?.startsWith(SCHEMA_1)
        ? `Docker Image manifest version 2, schema 1 is not supported: ${mediaType}`
        : `manifest invalid: unsupported media type ${mediaType ?? '(none)'}`,
      {
        hint: 'ask the author of the image for one of the OCI format or schema 2, or convert it first, for example with skopeo copy --format v2s2',
      },
    );
  }
  return { mediaType, digest: digestOf(bytes), bytes };
}

/** @throws MANIFEST_INVALID */
export function decodeManifest(raw: RawManifest): Manifest {
  if (raw.bytes.byteLength > MANIFEST_SIZE_BYTES_MAX) {
    throw new SlipwayError(
      'MANIFEST_INVALID',
      `manifest invalid: ${raw.bytes.byteLength} bytes, more than 4 MiB`,
    );
  }
  try {
    const top = new ObjectReader(parseJson(raw.bytes, 'manifest'), 'manifest');
    if (top.optionalNumber('schemaVersion') !== 2) top.refuse('schemaVersion', '2');
    refuseAmbiguity(top, raw.mediaType);
    return isIndexType(raw.mediaType)
      ? decodeIndex(top, raw.mediaType)
      : decodeImage(top, raw.mediaType);
  } catch (cause) {
    throw manifestInvalid(cause);
  }
}

/** Our own refusals as MANIFEST_INVALID, anything else as it is. */
function manifestInvalid(cause: unknown): unknown {
  if (!(cause instanceof SlipwayError)) return cause;
  return new SlipwayError('MANIFEST_INVALID', `manifest invalid: ${cause.message}`, { cause });
}

/**
 * The same bytes must not be an image to one reader and an index to another: a signature would then
 * cover what nobody looked at (image-spec manifest.md and image-index.md, `mediaType`).
 */
function refuseAmbiguity(top: ObjectReader, mediaType: string): void {
  const stated = top.optionalString('mediaType');
  if (stated !== undefined && isIndexType(stated) !== isIndexType(mediaType))
    top.refuse('mediaType', mediaType);
  const foreign = isIndexType(mediaType) ? ['config', 'layers'] : ['manifests'];
  for (const key of foreign) if (top.has(key)) top.refuse(key, `absent in ${mediaType}`);
}

function decodeImage(top: ObjectReader, mediaType: string): ImageManifest {
  return {
    kind: 'image',
    mediaType,
    config: decodeDescriptor(top.object('config')),
    layers: top.objects('layers').map(decodeDescriptor),
    ...shared(top),
  };
}

function decodeIndex(top: ObjectReader, mediaType: string): ImageIndex {
  return {
    kind: 'index',
    mediaType,
    manifests: top.objects('manifests').map(decodeDescriptor),
    ...shared(top),
  };
}

function shared(
  top: ObjectReader,
): Pick<ImageManifest, 'subject' | 'artifactType' | 'annotations'> {
  const subject = top.optionalObject('subject');
  const artifactType = top.optionalString('artifactType');
  return {
    annotations: top.optionalStringMap('annotations') ?? {},
    ...(subject ? { subject: decodeDescriptor(subject) } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
}

/** One descriptor object. @throws JSON_INVALID, DIGEST_INVALID */
export function decodeDescriptor(reader: ObjectReader): Descriptor {
  const annotations = reader.optionalStringMap('annotations');
  const artifactType = reader.optionalString('artifactType');
  const data = reader.optionalString('data');
  const platform = reader.optionalObject('platform');
  return {
    mediaType: reader.string('mediaType'),
    digest: parseDigest(reader.string('digest')),
    size: reader.size('size'),
    ...(reader.has('urls') ? { urls: reader.strings('urls') } : {}),
    ...(annotations ? { annotations } : {}),
    ...(artifactType ? { artifactType } : {}),
    ...(data ? { data } : {}),
    ...(platform ? { platform: normalizePlatform(writtenPlatform(platform)) } : {}),
  };
}

/**
 * A platform as it is written, in the fields of an index or of an image's config: for who writes it
 * again. @throws JSON_INVALID
 */
export function writtenPlatform(reader: ObjectReader): Platform {
  const variant = reader.optionalString('variant');
  const osVersion = reader.optionalString('os.version');
  return {
    architecture: reader.string('architecture'),
    os: reader.string('os'),
    ...(osVersion ? { 'os.version': osVersion } : {}),
    ...(reader.has('os.features') ? { 'os.features': reader.strings('os.features') } : {}),
    ...(variant ? { variant } : {}),
  };
}

/** The media type a document states or shows by its fields; undefined when it does neither. */
function detectMediaType(bytes: Uint8Array): string | undefined {
  try {
    const top = new ObjectReader(parseJson(bytes, 'manifest'), 'manifest');
    const stated = top.optionalString('mediaType');
    if (stated) return stated;
    if (top.has('manifests')) return OCI_INDEX;
    if (top.has('config') && top.has('layers')) return OCI_MANIFEST;
    return undefined;
  } catch (cause) {
    throw manifestInvalid(cause);
  }
}

/** The digests a manifest needs to be complete: config and layers, or child manifests. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
}

/** Encodes a new single-image manifest (docker's key order, compact). */
export function encodeImageManifest(options: {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly docker?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}): RawManifest {
  const mediaType = options.docker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const { config, layers, annotations } = options;
  return encode(
    { schemaVersion: 2, mediaType, config, layers, ...(annotations ? { annotations } : {}) },
    mediaType,
  );
}

/** Encodes a manifest that is no image but about one (image-spec manifest.md §Guidelines for artifact usage). */
export function encodeArtifact(artifact: {
  readonly artifactType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}): RawManifest {
  const { artifactType, config, layers, subject, annotations } = artifact;
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config,
    layers,
    subject,
    ...(annotations ? { annotations } : {}),
  };
  return encode(document, OCI_MANIFEST);
}

/** Encodes a new index. */
export function encodeIndex(
  manifests: readonly Descriptor[],
  {
    docker = false,
    annotations,
  }: { readonly docker?: boolean; readonly annotations?: Readonly<Record<string, string>> } = {},
): RawManifest {
  const mediaType = docker ? DOCKER_LIST : OCI_INDEX;
  return encode(
    { schemaVersion: 2, mediaType, manifests, ...(annotations ? { annotations } : {}) },
    mediaType,
  );
}

function encode(document: unknown, mediaType: string): RawManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType, digest: digestOf(bytes), bytes };
}

/** The descriptor of a manifest itself. */
export function descriptorOf(raw: RawManifest): Descriptor & { readonly digest: Digest } {
  return { mediaType: raw.mediaType, digest: raw.digest, size: raw.bytes.byteLength };
}

/** An image without artifactType is of its config's type (distribution-spec §Listing referrers). */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  if (manifest.artifactType !== undefined) return manifest.artifactType;
  return manifest.kind === 'image' ? manifest.config.mediaType : undefined;
}

/** What a list of referrers says of a manifest. */
export function referrerDescriptor(descriptor: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = artifactTypeOf(manifest);
  const { annotations } = manifest;
  return {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
