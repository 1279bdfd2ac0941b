/**
 * From what a user writes (a name, a digest, an ID or its beginning) to an image of the local store,
 * in docker's order: a whole ID, then a name, then the beginning of an ID.
 */
import type { Descriptor } from '#core/descriptor.ts';
import { type Digest, isDigest, parseDigest, shortId } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { ImageConfig } from '#core/image-config.ts';
import { decodeManifest, descriptorOf, type ImageManifest } from '#core/manifest.ts';
import type { Platform } from '#core/platform.ts';
import { parseReference, type Reference, repositoryKey, withDefaultTag } from '#core/reference.ts';
import type { ImageName } from '#store/images.ts';
import type { StoredLayer } from '#store/layers.ts';
import type { Lease } from '#store/leases.ts';
import type { LocalRepository } from '#store/local-repository.ts';
import type { LocalStore } from '#store/local-store.ts';
import { readConfig } from '#store/read-config.ts';
import { selectAnyManifest, selectManifest } from './select.ts';

export interface ResolveOptions {
  readonly store: LocalStore;
  /** Holds the image's manifest, config and layers from now on. */
  readonly lease: Lease;
  /** Chooses from an index. */
  readonly platform: Platform;
  /** Takes another image of an index where the platform has none: to look at it, not to run it. */
  readonly orAnyPlatform?: boolean;
}

/** An image of the local store, ready to be used. */
export interface LocalImage {
  /** The image ID: digest of the config. */
  readonly imageId: Digest;
  /** Where it was found; `root` is a manifest or index of it. */
  readonly repository: LocalRepository;
  readonly repositoryName: string;
  /** What the name points at. */
  readonly root: Descriptor;
  /** The platform's manifest: `root`, or a child of it. */
  readonly manifest: Descriptor;
  readonly image: ImageManifest;
  readonly config: ImageConfig;
  /** Base first. */
  readonly layers: readonly StoredLayer[];
}

/** @throws IMAGE_UNKNOWN, IMAGE_ID_AMBIGUOUS, PLATFORM_UNKNOWN, STORE_BROKEN */
export async function resolveImage(text: string, options: ResolveOptions): Promise<LocalImage> {
  return held(await findImage(text, options), options.lease);
}

async function findImage(text: string, options: ResolveOptions): Promise<LocalImage> {
  const wholeId = wholeIdIn(text);
  if (wholeId !== undefined) {
    const found = await byId(wholeId, options);
    if (found) return found;
    throw imageUnknown(text);
  }
  const reference = referenceIn(text);
  const named = reference && (await findByName(reference, options));
  if (named) return named;
  const begun = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
  const found = begun === undefined ? undefined : await byId(begun, options, text);
  if (found) return found;
  throw imageUnknown(text);
}

/** The image under a name exactly, held by the lease; or undefined. */
export async function byName(
  reference: Reference,
  options: ResolveOptions,
): Promise<LocalImage | undefined> {
  const found = await findByName(reference, options);
  return found && held(found, options.lease);
}

/**
 * The same for an image that is to be used: a digest says what the content is, whatever name it came
 * under or lost on the way (`save` by digest keeps none), so any repository here may have it.
 */
export async function byNameOrDigest(
  reference: Reference,
  options: ResolveOptions,
): Promise<LocalImage | undefined> {
  const { digest } = reference;
  const named = await byName(reference, options);
  if (named || digest === undefined) return named;
  const known = options.store.images.list().find((image) => {
    return image.digest === digest || image.aliases.includes(digest);
  });
  if (!known) return undefined;
  const { repository: name, mediaType, size } = known;
  const root = { mediaType, digest: known.digest, size };
  return held(await openImage(repositoryAt(name, options), { name, root }, options), options.lease);
}

/** From here on gc leaves it alone, whatever happens to its names. */
function held(image: LocalImage, lease: Lease): LocalImage {
  for (const { digest } of [image.root, image.manifest, image.image.config]) lease.hold(digest);
  for (const { descriptor, diffId } of image.layers) {
    lease.hold(descriptor.digest);
    lease.hold(diffId);
  }
  return image;
}

async function findByName(
  reference: Reference,
  options: ResolveOptions,
): Promise<LocalImage | undefined> {
  const { tag, digest } = withDefaultTag(reference);
  const name = repositoryKey(reference);
  const repository = repositoryAt(name, options);
  const selector = digest === undefined ? tag : targetOf(name, digest, options.store);
  try {
    return await openImage(
      repository,
      { name, root: await repository.resolve(selector ?? '') },
      options,
    );
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}

/** The manifest a digest stands for: itself, or what was pulled or pushed under it. */
function targetOf(name: string, digest: Digest, store: LocalStore): Digest {
  const known = store.images.list().find((image) => {
    return image.repository === name && image.aliases.includes(digest);
  });
  return known?.digest ?? digest;
}

export interface LocalImagesOptions extends ResolveOptions {
  readonly onUnusable?: (name: ImageName, problem: SlipwayError) => void;
}

/** Every manifest of the image store that can be opened as an image for the platform. */
export async function* localImages({
  onUnusable,
  ...options
}: LocalImagesOptions): AsyncIterable<LocalImage> {
  for (const known of options.store.images.list()) {
    const { repository: name, digest, mediaType, size } = known;
    try {
      const repository = repositoryAt(name, options);
      yield await openImage(repository, { name, root: { mediaType, digest, size } }, options);
    } catch (error) {
      // Of another platform, or with a lost blob: not an image that anybody could use.
      if (!isSlipwayError(error, ...UNUSABLE)) throw error;
      onUnusable?.(known, error);
    }
  }
}

/** Codes of an image that is named here and cannot be opened. */
export const UNUSABLE = [
  'PLATFORM_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'MANIFEST_INVALID',
  'BLOB_UNKNOWN',
  'DIGEST_MISMATCH',
  'STORE_BROKEN',
] as const;

async function byId(
  begun: string,
  options: ResolveOptions,
  text: string = begun,
): Promise<LocalImage | undefined> {
  const found = new Map<Digest, LocalImage>();
  for await (const image of localImages(options)) {
    const isIt = isDigest(begun)
      ? [image.imageId, image.root.digest, image.manifest.digest].includes(begun)
      : image.imageId.startsWith(`sha256:${begun}`);
    if (isIt && !found.has(image.imageId)) found.set(image.imageId, image);
  }
  if (found.size > 1) {
    throw new SlipwayError(
      'IMAGE_ID_AMBIGUOUS',
      `multiple IDs found with provided prefix: ${text}`,
      {
        hint: `write more of the ID: ${[...found.keys()].map(shortId).join(', ')}`,
        detail: { ids: [...found.keys()] },
      },
    );
  }
  return [...found.values()][0];
}

/** The image for the platform at a manifest or index of a repository. @throws UNUSABLE codes */
export async function openImage(
  repository: LocalRepository,
  at: { readonly name: string; readonly root: Descriptor },
  options: ResolveOptions,
): Promise<LocalImage> {
  const { raw, image } = await readManifest(repository, at.root.digest, options);
  const config = await readConfig(repository.blobs, image);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== image.layers.length) {
    throw new SlipwayError(
      'MANIFEST_INVALID',
      `image ${shortId(image.config.digest)} has ${image.layers.length} layers, its config says ${diffIds.length}`,
      { hint: 'the image was made wrongly; pull or build it again' },
    );
  }
  const layers = image.layers.flatMap((descriptor, i) => {
    const diffId = diffIds[i];
    return diffId === undefined ? [] : [{ descriptor, diffId }];
  });
  return {
    imageId: image.config.digest,
    repository,
    repositoryName: at.name,
    root: at.root,
    manifest: descriptorOf(raw),
    image,
    config,
    layers,
  };
}

/** Follows indexes to the platform's image. */
async function readManifest(
  repository: LocalRepository,
  digest: Digest,
  { platform, orAnyPlatform }: ResolveOptions,
) {
  const select = orAnyPlatform ? selectAnyManifest : selectManifest;
  let wanted = digest;
  for (;;) {
    const raw = await repository.getManifest(wanted);
    const manifest = decodeManifest(raw);
    if (manifest.kind === 'image') return { raw, image: manifest };
    wanted = select(manifest, platform).digest;
  }
}

function repositoryAt(name: string, { store, lease }: ResolveOptions): LocalRepository {
  return store.repository({ space: 'images', name, lease });
}

/** `sha256:<64>` or 64 hex digits. */
function wholeIdIn(text: string): Digest | undefined {
  const digest = /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
  return isDigest(digest) ? parseDigest(digest) : undefined;
}

/** Undefined for what cannot be a name, such as `sha256:abc`. */
function referenceIn(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isSlipwayError(error, 'REFERENCE_INVALID') && /^sha256:/.test(text)) return undefined;
    throw error;
  }
}

/** In docker's words. */
export function imageUnknown(text: string): SlipwayError {
  return new SlipwayError('IMAGE_UNKNOWN', `No such image: ${text}`, {
    hint: '"slipway images" lists what is here; "slipway pull" fetches what is not',
    detail: { image: text },
  });
}
