/** Descriptors (image-spec descriptor.md): a typed pointer to content. */
import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

export interface Descriptor {
  readonly mediaType: string;
  /** Of the bytes as stored, that is: compressed. */
  readonly digest: Digest;
  /** Bytes as stored. */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
  /** Base64 of the content itself, when embedded. */
  readonly data?: string;
}
