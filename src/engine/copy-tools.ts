/** The part of the Engine that copies images between places. */
import type { CopyPlan, CopyRequest, ImageCopy } from '#core/image-copy.ts';
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
}
