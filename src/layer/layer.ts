/** A layer as data: its plain tar and its index, both files of the store. */
import type { Digest } from '#core/digest.ts';

export interface LayerFiles {
  /** Of the plain tar. */
  readonly diffId: Digest;
  /** The plain tar; never changes. */
  readonly tar: string;
  /** The layer index: an EROFS metadata image whose device 1 is the tar. */
  readonly index: string;
}
