/** Copies a large blob from where it lies into an open file, on a thread of its own (copy-threads.ts). */
import { algorithmOf } from '#core/digest.ts';
import type { BlobInfo, CallOptions, FilePart } from '#core/repository.ts';
import type { Copied, CopyFailure } from './copy-parts.ts';
import { copyInThread } from './copy-threads.ts';
import { onDisk } from './disk-errors.ts';
import { digestMismatch, sizeMismatch } from './verified-read.ts';

/** Below this, starting a thread takes longer than hashing. */
export const LARGE_BLOB_BYTES = 16 * 1024 * 1024;

/** Where the blob goes. */
export interface CopyTarget {
  /** For messages. */
  readonly path: string;
  readonly fd: number;
  readonly position: number;
  /** Up to here the file may hold the right bytes already. */
  readonly writtenBefore?: number;
}

export interface CopyVerifiedOptions extends CallOptions {
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Resolves when the whole blob is in the file and was right; else the file is of no use.
 * @throws DIGEST_MISMATCH, SIZE_MISMATCH, DISK_FULL, DISK_FAILED, PERMISSION; ENOENT as it is
 */
export async function copyVerified(
  blob: BlobInfo,
  { parts, to }: { readonly parts: readonly FilePart[]; readonly to: CopyTarget },
  options: CopyVerifiedOptions = {},
): Promise<Copied> {
  const { path, fd, position, writtenBefore = 0 } = to;
  const algorithm = algorithmOf(blob.digest);
  const outcome = await copyInThread({ parts, fd, position, writtenBefore, algorithm }, options);
  const source = parts[0]?.path ?? path;
  if ('failed' in outcome) {
    return await onDisk(outcome.failed === 'reading' ? source : path, () => refuse(outcome));
  }
  const expected = { ...blob, from: `blob in ${source}` };
  if (outcome.size !== blob.size) throw sizeMismatch(expected, outcome.size);
  if (outcome.digest !== blob.digest) throw digestMismatch(expected, outcome.digest);
  return outcome;
}

/** The thread's answer as the error that it was there. */
async function refuse({ errno, message }: CopyFailure): Promise<never> {
  throw Object.assign(new Error(message), errno === undefined ? {} : { code: errno });
}
