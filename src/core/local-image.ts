/** What the local store tells about its images: the answers of images, inspect, load and rmi. */
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { ImageConfig } from './image-config.ts';
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

export interface LoadedImage {
  readonly imageId: Digest;
  /** Empty: loaded without a name. */
  readonly names: readonly Reference[];
}

/** One line of docker's answer to rmi: `Untagged: name` or `Deleted: sha256:…`. */
export interface RemovedName {
  readonly kind: 'untagged' | 'deleted';
  readonly name: string;
}
