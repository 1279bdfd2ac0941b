/** An image in a manifest list that is being made, as `docker manifest` knows it. */
import type { Descriptor } from './descriptor.ts';
import type { RawManifest } from './repository.ts';

export interface ListedManifest {
  /** Where it was found, spelled out: `docker.io/library/app:amd64`. */
  readonly reference: string;
  /** With the platform that the list gives it, which may be none. */
  readonly descriptor: Descriptor;
  readonly raw: RawManifest;
}

/** What a name stands for: one image, or a list of them. */
export type ManifestInspection =
  | { readonly kind: 'image'; readonly image: ListedManifest }
  | {
      readonly kind: 'list';
      /** As it is in the registry, or would be pushed. */
      readonly raw: RawManifest;
      readonly images: readonly ListedManifest[];
    };
