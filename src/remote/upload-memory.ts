/** What outlives a process of uploads to one repository: sessions that were begun and not ended. */
import type { Digest } from '#core/digest.ts';

export interface UploadMemory {
  /** Where a session for the blob is, as the registry said it last. */
  find(digest: Digest): string | undefined;
  keep(digest: Digest, location: string): void;
  forget(digest: Digest): void;
}

export const NO_MEMORY: UploadMemory = {
  find: () => undefined,
  keep: () => {},
  forget: () => {},
};
