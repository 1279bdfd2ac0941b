/** What an output of a build is given, and what it says about the image. */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { Reference } from '#core/reference.ts';
import type { UnnamedImage } from '#image/write-image.ts';

export interface OutputContext {
  /** The build's tags. */
  readonly names: readonly Reference[];
  /** The image in the store's blobs, without a name; with docker's media types or OCI's. */
  readonly make: (docker: boolean) => Promise<UnnamedImage>;
}

export interface BuiltImage {
  /** The digest of its config. */
  readonly imageId: Digest;
  /** As the last output has it: a registry's layers are compressed. */
  readonly manifest: Descriptor;
}
