/** Where the result of a build goes: docker's `--output`, of which there may be several. */
import type { BuildAnnotation } from './build-annotation.ts';
import type { LayerForm } from './layer-form.ts';
import type { Reference } from './reference.ts';

export type BuildOutput =
  | ImageOutput
  | {
      /** One tar that is an OCI layout and a docker-archive at once. */
      readonly kind: 'archive';
      /** A path, or a stream, which is not ended. */
      readonly destination: string | NodeJS.WritableStream;
      readonly format: ImageFormat;
    }
  /** The same image as an OCI layout folder; one that is there gets the image added. */
  | { readonly kind: 'layout'; readonly destination: string; readonly format: ImageFormat }
  /** The root file system as a tar. */
  | ({
      readonly kind: 'tar';
      readonly destination: string | NodeJS.WritableStream;
    } & FilesFormat)
  /** The root file system as files of the caller's, in a folder that may be there. */
  | ({
      readonly kind: 'local';
      readonly destination: string;
      /** What else is in the folder goes. */
      readonly deletesOthers?: boolean;
    } & FilesFormat);

export interface FilesFormat {
  /** Each platform gets a folder of its own, `linux_arm64`. Absent: where there are several. */
  readonly platformSplit?: boolean;
}

/** The local store, under the build's tags and `names`, which have tags. */
export interface ImageOutput {
  readonly kind: 'image';
  readonly names: readonly Reference[];
  /** Also sends it to the registries of its names. */
  readonly push: boolean;
  /** The registry gets it without a tag. */
  readonly pushByDigest?: boolean;
  /** For the push no certificate is asked for, and plain HTTP will do. */
  readonly isInsecure?: boolean;
  /** The store keeps no image, only what the cache needs. */
  readonly isDiscarded?: boolean;
  /** The repository of an image that gets no name. */
  readonly nameless?: Reference;
  readonly format: ImageFormat;
}

/** How the image is written down; its layers and its ID are the same in every form. */
export interface ImageFormat {
  /** Docker's media types instead of OCI's. */
  readonly docker: boolean;
  /** Of layers. Absent: plain tars in the store, gzip where they leave it. */
  readonly compression?: LayerForm;
  /** Those of the base, too; else they stay as they came. */
  readonly forceCompression?: boolean;
  /** Besides those of the build. */
  readonly annotations?: readonly BuildAnnotation[];
}

/** What a build without an output does: the image goes into the local store. */
export const STORE_OUTPUT: ImageOutput = {
  kind: 'image',
  names: [],
  push: false,
  format: { docker: false },
};
