/** What the local store tells about its images: the answers of images, inspect, load and rmi. */
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { SlipwayError } from './errors.ts';
import type { ImageConfig } from './image-config.ts';
import type { Platform } from './platform.ts';
import type { Reference } from './reference.ts';

/** One local image with all that points at it. */
export interface ImageSummary {
  /** Digest of the config. */
  readonly imageId: Digest;
  /** What its newest name points at: a manifest, or an index. */
  readonly manifest: Descriptor;
  readonly tags: readonly Reference[];
  readonly digests: readonly Reference[];
  readonly created?: string;
  /** Sum of what the image's layers and config take as stored. */
  readonly sizeBytes: number;
  readonly config: ImageConfig;
}

/** A layer of a local image. */
export interface LocalLayer {
  /** Of the blob as stored. */
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Of its plain tar where that is here, else of the blob. */
  readonly sizeBytes: number;
}

/** An image with what a look at one of them costs to find out. */
export interface ImageDetails extends ImageSummary {
  /** Base first. */
  readonly layers: readonly LocalLayer[];
  /** When its newest tag was given; absent: it has none. */
  readonly lastTagMs?: number;
}

/** What an image takes; what it shares with others counts in full. */
export interface ImageSpace {
  /** Blobs, as a push would send them. */
  readonly contentBytes: number;
  /** With what was made from them: plain tars and indexes. */
  readonly diskBytes: number;
}

/** One image of an index. */
export interface PlatformImage extends ImageSpace {
  readonly platform: Platform;
  /** Of its manifest. */
  readonly digest: Digest;
  /** False: the index names it, but it was never fetched. */
  readonly isHere: boolean;
}

/** An image with those for other platforms under the same name. */
export interface ImageTree extends ImageSpace {
  readonly image: ImageSummary;
  /** Empty: the name is of one image alone. */
  readonly platforms: readonly PlatformImage[];
}

/** A name in the local store whose image cannot be read. */
export interface BrokenImage {
  /** Its tags; without any, its digests. */
  readonly names: readonly Reference[];
  readonly problem: SlipwayError;
}

export interface LoadedImage {
  readonly imageId: Digest;
  /** Empty: loaded without a name. */
  readonly names: readonly Reference[];
}

/** What `rmi --dry-run` tells. */
export interface RemovalPlan {
  readonly names: readonly string[];
  /** Of those whose last name goes. */
  readonly imageIds: readonly Digest[];
  /** On disk, with all that only they keep. */
  readonly freedBytes: number;
}

/** One line of docker's answer to rmi: `Untagged: name` or `Deleted: sha256:…`. */
export interface RemovedName {
  readonly kind: 'untagged' | 'deleted';
  readonly name: string;
}
