/** What a copy is asked for, and what it moved or, with --dry-run, would move. */
import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

export interface CopyRequest {
  /** Of an image for several, only this one. Absent: all of them. */
  readonly platform?: Platform;
  /** All tags of the source, instead of the one image that it names. */
  readonly allTags?: boolean;
  /** Tags at the destination besides the one that it names. */
  readonly moreTags?: readonly string[];
  /** Signatures, SBOMs and whatever else refers to an image stay behind. */
  readonly noReferrers?: boolean;
  /** Tags of the destination that point elsewhere stay as they are. @throws NAME_CONFLICT */
  readonly noClobber?: boolean;
  /** Called for each image when the destination has it with its tags. */
  readonly onCopied?: (copied: ImageCopy) => void;
}

export interface ImageCopy {
  /** Where the image is now, as places are written; a place a tag. */
  readonly to: readonly string[];
  /** Of the manifest or index. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the manifest or index itself. */
  readonly size: number;
}

/** An image and where it would go. */
export interface PlannedCopy extends ImageCopy {
  readonly from: string;
  /** Manifests with what they refer to, signatures and the like included; each once. */
  readonly blobs: number;
  readonly bytes: number;
  /** What the destination has not. Manifests count as blobs. */
  readonly missingBlobs: number;
  readonly missingBytes: number;
  /** Of the missing, what the destination's registry has in the source's repository: it is not sent. */
  readonly mountableBytes: number;
  /** Signatures, SBOMs and the like. */
  readonly referrers: number;
  /** Tags that point elsewhere now, or nowhere. */
  readonly changedTags: readonly string[];
}

export interface CopyPlan {
  readonly images: readonly PlannedCopy[];
  /** Each blob once, however many images need it. */
  readonly sendBytes: number;
  readonly sendBlobs: number;
  /** Of a new archive, as a whole. */
  readonly archiveBytes?: number;
}
