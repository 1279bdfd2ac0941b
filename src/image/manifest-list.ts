/**
 * Manifest lists as `docker manifest` makes them, to the byte: images looked up where they are, their
 * platforms taken from their configs and changed by hand, and the list that they make.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import {
  decodeDescriptor,
  decodeManifest,
  descriptorOf,
  type ImageManifest,
  writtenPlatform,
} from '#core/manifest.ts';
import type { ListedManifest } from '#core/manifest-list.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '#core/media-type.ts';
import { isKnownPlatform, type Platform } from '#core/platform.ts';
import type { BlobStore, CallOptions, RawManifest, Repository } from '#core/repository.ts';
import { readConfigBytes } from '#store/read-config.ts';

/** The list's bytes: media type and form are docker's. @throws MANIFEST_INVALID (no platform) */
export function encodeManifestList(images: readonly ListedManifest[]): RawManifest {
  const [first] = images;
  const mediaType = first?.raw.mediaType === OCI_MANIFEST ? OCI_INDEX : DOCKER_LIST;
  const manifests = images.toSorted(byFileName).map(({ descriptor }) => ({
    mediaType: descriptor.mediaType,
    size: descriptor.size,
    digest: descriptor.digest,
    platform: descriptor.platform ?? { architecture: '', os: '' },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }, null, 3));
  return { mediaType, digest: digestOf(bytes), bytes };
}

/** docker keeps each image in a file called by its name, and lists them in the order of the files. */
function byFileName(a: ListedManifest, b: ListedManifest): number {
  const name = ({ reference }: ListedManifest): string =>
    reference.replaceAll(':', '%').replaceAll('/', '#');
  return name(a) < name(b) ? -1 : 1;
}

/** In docker's words. @throws MANIFEST_INVALID: an image has no platform */
export function needPlatforms(images: readonly ListedManifest[]): void {
  const bad = images.find(
    ({ descriptor: { platform } }) => !platform?.os || !platform.architecture,
  );
  if (!bad) return;
  throw new SlipwayError(
    'MANIFEST_INVALID',
    `manifest ${bad.reference} must have an OS and Architecture to be pushed to a registry`,
    { hint: 'slipway manifest annotate --os linux --arch amd64 LIST IMAGE' },
  );
}

/** One image of a repository. @throws MANIFEST_INVALID (it is a list), MANIFEST_UNKNOWN */
export async function lookUpImage(
  repository: Repository,
  { selector, reference }: { readonly selector: string; readonly reference: string },
  call: CallOptions,
): Promise<ListedManifest> {
  const raw = await unlessUnknown(repository.getManifest(selector, call), reference);
  const manifest = decodeManifest(raw);
  if (manifest.kind === 'index') {
    throw new SlipwayError('MANIFEST_INVALID', `${reference} is a manifest list`, {
      hint: 'slipway imagetools create makes one list of several',
    });
  }
  const platform = await configPlatform(repository.blobs, manifest, call);
  const descriptor = descriptorOf(raw);
  return { reference, raw, descriptor: platform ? { ...descriptor, platform } : descriptor };
}

/** docker's words for what is not there. */
export async function unlessUnknown<T>(found: Promise<T>, reference: string): Promise<T> {
  try {
    return await found;
  } catch (cause) {
    if (!isSlipwayError(cause, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) throw cause;
    throw new SlipwayError('MANIFEST_UNKNOWN', `no such manifest: ${reference}`, {
      hint: `check the name; what is here only has to be pushed first: slipway push ${reference}`,
      cause,
    });
  }
}

/** As the config of an image has it; undefined for what is no image. */
export async function configPlatform(
  blobs: BlobStore,
  manifest: ImageManifest,
  call: CallOptions,
): Promise<Platform | undefined> {
  const bytes = await readConfigBytes(blobs, manifest, call);
  try {
    return writtenPlatform(new ObjectReader(parseJson(bytes, 'image config'), 'image config'));
  } catch (error) {
    if (isSlipwayError(error, 'JSON_INVALID')) return undefined;
    throw error;
  }
}

/** What an index lists, its platforms as they are written there. @throws MANIFEST_INVALID */
export function descriptorsIn(raw: RawManifest): readonly Descriptor[] {
  decodeManifest(raw);
  const top = new ObjectReader(parseJson(raw.bytes, 'manifest'), 'manifest');
  return top.objects('manifests').map((reader) => {
    const { platform: _, ...descriptor } = decodeDescriptor(reader);
    const platform = reader.optionalObject('platform');
    return platform ? { ...descriptor, platform: writtenPlatform(platform) } : descriptor;
  });
}

export interface PlatformChanges {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly osVersion?: string;
  /** Added to those that are there. */
  readonly osFeatures?: readonly string[];
}

/** @throws PLATFORM_INVALID in docker's words */
export function annotated(image: ListedManifest, changes: PlatformChanges): ListedManifest {
  const { platform: before } = image.descriptor;
  const {
    os = before?.os ?? '',
    architecture = before?.architecture ?? '',
    variant = before?.variant,
    osVersion = before?.['os.version'],
  } = changes;
  const features = [
    ...new Set([...(before?.['os.features'] ?? []), ...(changes.osFeatures ?? [])]),
  ];
  const platform: Platform = {
    architecture,
    os,
    ...(osVersion ? { 'os.version': osVersion } : {}),
    ...(features.length > 0 ? { 'os.features': features } : {}),
    ...(variant ? { variant } : {}),
  };
  if (isKnownPlatform(platform)) {
    return { ...image, descriptor: { ...image.descriptor, platform } };
  }
  throw new SlipwayError(
    'PLATFORM_INVALID',
    `manifest entry for image has unsupported os/arch combination: ${os}/${architecture}`,
    { hint: 'give words that Go knows: --os linux --arch arm64' },
  );
}
