/** What `save` wrote or, with --dry-run, would write. */
import type { Digest } from './digest.ts';

export interface ArchivePlanSummary {
  readonly images: readonly SavedImage[];
  /** Of the whole tar. */
  readonly archiveBytes: number;
  /** Of the blobs in it. */
  readonly contentBytes: number;
  /** What the receiver was said to have. */
  readonly leftOut: { readonly blobs: number; readonly bytes: number };
}

export interface SavedImage {
  /** Full, with tags; empty: it goes without a name. */
  readonly names: readonly string[];
  /** Of the manifest or index. */
  readonly digest: Digest;
  /** The manifest that this one is about; absent: an image of its own. */
  readonly subject?: Digest;
  readonly platforms: readonly string[];
  /** Everything it consists of, left out or not. */
  readonly sizeBytes: number;
  /** What no other image of the archive needs. */
  readonly uniqueBytes: number;
  readonly leftOutBytes: number;
}
