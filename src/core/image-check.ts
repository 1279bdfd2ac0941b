/** What a validation says of one manifest: an index, an image, or what refers to one. */
import type { Digest } from './digest.ts';
import type { ErrorCode } from './errors.ts';
import type { Platform } from './platform.ts';

export interface ImageCheck {
  readonly digest: Digest;
  /** `artifact`: its layers are no file systems. Undefined: it cannot be read. */
  readonly kind?: 'index' | 'image' | 'artifact';
  /** As the index says, else as the config does. */
  readonly platform?: Platform;
  /** It is no part of the image, but about this manifest of it. */
  readonly subject?: Digest;
  readonly layers: number;
  /** Of manifest, config and layers. */
  readonly sizeBytes: number;
  /** The first thing that is wrong. */
  readonly problem?: { readonly code: ErrorCode; readonly message: string };
}
