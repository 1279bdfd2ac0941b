/** The part of the Engine that copies images between places. */
import type { CopyPlan, CopyRequest, ImageCopy } from '#core/image-copy.ts';
import type { SyncRequest, SyncResult } from '#core/mirror.ts';
import type { CallContext } from '#engine.ts';

export interface CopyTools {
  /**
   * Copies images between any two places (core/place.ts), as they are: digests survive, all platforms and
   * what refers to an image come along. Images before a failure stay.
   */
  copy(
    from: string,
    to: string,
    options?: CallContext & CopyRequest,
  ): Promise<readonly ImageCopy[]>;
  /** What {@link copy} would send; nothing is written. */
  planCopy(from: string, to: string, options?: CallContext & CopyRequest): Promise<CopyPlan>;
  /**
   * Copies what a mirror file selects and differs at its destination. What fails is in the result, and keeps
   * nothing else back. @throws FILE_MISSING, CONFIG_INVALID
   */
  sync(file: string, options?: CallContext & SyncRequest): Promise<SyncResult>;
}
