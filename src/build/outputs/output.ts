/** What an output of a build is given, and what it says about the image. */

import type { BuildAnnotation } from '#core/build-annotation.ts';
import type { BuildOutput, ImageFormat } from '#core/build-output.ts';
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import type { LayerForm } from '#core/layer-form.ts';
import type { Reference } from '#core/reference.ts';
import type { RawManifest, Repository } from '#core/repository.ts';
import type { BuiltTarget } from '../build-stages.ts';
import type { ConfigChanges } from './image-config.ts';

export interface OutputRequest extends ConfigChanges {
  readonly outputs: readonly BuildOutput[];
  /** The build's tags. */
  readonly names: readonly Reference[];
  readonly annotations: readonly BuildAnnotation[];
  /** An index, be it of one platform. */
  readonly isIndex: boolean;
  /** The layers of the build become one. */
  readonly squash: boolean;
}

export interface OutputContext {
  /** The build's tags. */
  readonly names: readonly Reference[];
  readonly targets: readonly BuiltTarget[];
  /** The manifests about an image that was made, under these names. */
  readonly attest: (
    made: PreparedImage,
    names: readonly Reference[],
  ) => Promise<readonly RawManifest[]>;
  /** `usual`: of layers, unless the format says. */
  readonly make: (format: ImageFormat, usual: LayerForm) => Promise<PreparedImage>;
}

/** The image in the store's blobs, without a name. */
export interface PreparedImage extends BuiltImage {
  /** Children first, the root last. */
  readonly manifests: readonly RawManifest[];
  /** Shows them, over the store's blobs. */
  readonly repository: Repository;
}

export interface BuiltImage {
  /** The digest of its config; of an index, its own. */
  readonly imageId: Digest;
  /** As the last output has it: a registry's layers are compressed. */
  readonly manifest: Descriptor;
}
