/** Where build caches come from and go to, besides the local store: docker's `--cache-from` and `--cache-to`. */
import type { Digest } from './digest.ts';
import type { Reference } from './reference.ts';

/** A cache image in a registry, or in an OCI layout folder. */
export type CachePlace =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | {
      readonly kind: 'local';
      readonly folder: string;
      readonly tag: string;
      /** For what is written: no other tag stays. */
      readonly reset?: boolean;
    };

/** Also an image that was built with an inline cache. */
export type CacheSource = (
  | CachePlace
  | { readonly kind: 'local'; readonly folder: string; readonly digest: Digest }
) & {
  /** The folders of cache mounts are left where they are. */
  readonly noMounts?: boolean;
};

/** Which folders of cache mounts go into a cache. */
export interface CacheMountChoice {
  /** `all`: those that the build shares with others; else by the id of the mount. */
  readonly ids: 'all' | readonly string[];
  /** Larger ones are left out. */
  readonly bytesMax: number;
}

export type CacheTarget =
  /** Into the manifest of the image, for whoever has the image. */
  | { readonly kind: 'inline' }
  | {
      readonly kind: 'place';
      readonly place: CachePlace;
      /** `min`: the layers of the image; `max`: those of all steps, of all stages. */
      readonly mode: 'min' | 'max';
      /** Absent: none. */
      readonly mounts?: CacheMountChoice;
      /** A failure is told, and fails nothing. */
      readonly ignoreError: boolean;
    };
