/** The part of the Engine that looks at registries and edits them, image contents apart. */
import type { BuildAnnotation } from '#core/build-annotation.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { ImageCheck } from '#core/image-check.ts';
import type { ManifestInspection } from '#core/manifest-list.ts';
import type { Platform } from '#core/platform.ts';
import type { Reference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import type { SearchResult } from '#core/search-result.ts';
import type { CallContext, PushResult } from '#engine.ts';
import type { PlatformChanges } from '#image/manifest-list.ts';

export interface ListNamesOptions extends CallContext {
  /** How many at most. */
  readonly limit?: number;
}

export interface SearchOptions extends ListNamesOptions {
  /** Default: Docker Hub. */
  readonly registry?: string;
}

export interface DigestOptions extends CallContext {
  /** Of an index, the image of this platform. */
  readonly platform?: Platform;
}

export interface DigestResult {
  readonly digest: Digest;
  /** Its name with the digest; absent in folders and tars. */
  readonly reference?: Reference;
}

export interface RemoteTagRemoval {
  readonly reference: Reference;
  /** What the tag named, which is still there. */
  readonly kept: Digest;
  /** The registry deleted the tag, or a manifest of no worth that was put in its place first. */
  readonly way: 'tag' | 'stand-in';
}

export interface CreateListOptions extends CallContext {
  /** Adds to a list that is there. */
  readonly amend?: boolean;
}

export interface InspectManifestOptions extends CallContext {
  /** The image in this list of ours, rather than in its registry. */
  readonly list?: string;
  /** Of a list in a registry its images, too; of an image its platform. */
  readonly withImages?: boolean;
}

export interface PushListOptions extends CallContext {
  /** Forgets the list when it is pushed. */
  readonly purge?: boolean;
  /** Called for each image that was brought to the list's repository. */
  readonly onPushed?: (result: PushResult) => void;
}

export interface CombineImagesOptions extends CallContext {
  /** References, digests of the repository that is meant, or descriptors as JSON. */
  readonly sources: readonly string[];
  /** What the new image is to be called. */
  readonly tags?: readonly string[];
  /** To what the first tag names already. */
  readonly append?: boolean;
  readonly isDryRun?: boolean;
  /** An index also of one image; default true. */
  readonly preferIndex?: boolean;
  readonly annotations?: readonly BuildAnnotation[];
  /** Only images for these. */
  readonly platforms?: readonly Platform[];
}

export interface ValidateOptions extends CallContext {
  /** Layers are looked for, and not read. */
  readonly fast?: boolean;
  /** Signatures, SBOMs and whatever else refers to it are left out. */
  readonly noReferrers?: boolean;
  /** Called for each manifest when it was looked at. */
  readonly onChecked: (check: ImageCheck) => void;
}

/** What a place names, looked at. */
export interface ImageLook {
  /** Absent for what is in no registry. */
  readonly reference?: Reference;
  readonly raw: RawManifest;
  /** What an index lists, as it is written there. */
  readonly listed: readonly Descriptor[];
  /** Configs, where they were asked for; of an index with their platforms. */
  readonly configs: readonly { readonly platform?: Platform; readonly bytes: Uint8Array }[];
}

export interface RegistryTools {
  /** The tags of a name in its registry, sorted by bytes. @throws NAME_UNKNOWN */
  remoteTags(name: string, options?: ListNamesOptions): Promise<readonly string[]>;
  /** The repositories that a registry (`localhost:5000`) tells of, sorted by bytes. */
  catalog(registry: string, options?: ListNamesOptions): Promise<readonly string[]>;
  /** What a registry finds for a term; where it cannot search, names that have it in them. */
  search(term: string, options?: SearchOptions): Promise<readonly SearchResult[]>;
  /** The digest that a place (docs/places.md) names. @throws MANIFEST_UNKNOWN, PLATFORM_UNKNOWN */
  digest(place: string, options?: DigestOptions): Promise<DigestResult>;
  /**
   * Takes a tag away in its registry; what it named stays. @throws MANIFEST_UNKNOWN; REGISTRY_REFUSED:
   * it deletes nothing, and the tag is as it was
   */
  removeRemoteTag(reference: string, options?: CallContext): Promise<RemoteTagRemoval>;

  // Manifest lists: made in the local store, of images in registries

  /** @throws NAME_CONFLICT (there is one, and nothing was said of amending), MANIFEST_UNKNOWN */
  createManifestList(
    list: string,
    images: readonly string[],
    options?: CreateListOptions,
  ): Promise<Reference>;
  /** Says for what platform an image of a list is. @throws MANIFEST_UNKNOWN, PLATFORM_INVALID */
  annotateManifest(list: string, image: string, changes: PlatformChanges): Promise<void>;
  /** A list of ours, else what the registry has. @throws MANIFEST_UNKNOWN */
  inspectManifest(name: string, options?: InspectManifestOptions): Promise<ManifestInspection>;
  /** Gives what the registry has now. @throws MANIFEST_UNKNOWN, MANIFEST_INVALID */
  pushManifestList(list: string, options?: PushListOptions): Promise<Descriptor>;
  /** Forgets a list of ours. @throws MANIFEST_UNKNOWN */
  removeManifestList(list: string): Promise<void>;

  /** One image of several in registries; gives its manifest. @throws USAGE, PLATFORM_UNKNOWN */
  combineImages(options: CombineImagesOptions): Promise<RawManifest>;
  /** Recomputes all that images say of themselves; what is wrong with one is no error. */
  validate(place: string, options: ValidateOptions): Promise<void>;
  lookAt(
    place: string,
    options?: CallContext & { readonly withConfigs?: boolean },
  ): Promise<ImageLook>;
}
