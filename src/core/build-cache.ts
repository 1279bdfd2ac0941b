/** Where build caches come from and go to, besides the local store: docker's `--cache-from` and `--cache-to`. */
import type { Digest } from './digest.ts';
import type { Reference } from './reference.ts';

/** A cache image in a registry, or in an OCI layout folder. */
export type CachePlace =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | { readonly kind: 'local'; readonly folder: string; readonly tag: string };

/** Also an image that was built with an inline cache. */
export type CacheSource =
  | CachePlace
  | { readonly kind: 'local'; readonly folder: string; readonly digest: Digest };

export type CacheTarget =
  /** Into the manifest of the image, for whoever has the image. */
  | { readonly kind: 'inline' }
  | {
      readonly kind: 'place';
      readonly place: CachePlace;
      /** `min`: the layers of the image; `max`: those of all steps, of all stages. */
      readonly mode: 'min' | 'max';
      /** A failure is told, and fails nothing. */
      readonly ignoreError: boolean;
    };
