/**
 * Writes images into one tar that `docker load`, `podman load`, skopeo, crane, oras and our own load
 * read (archive-plan.ts says what is in it). The same images give the same bytes.
 */
import { packImageTar } from '#archive/image-tar.ts';
import type { ArchivePlan } from './archive-plan.ts';

export interface WriteArchiveOptions {
  readonly sink: (chunk: Uint8Array) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Streams; holds no blob in memory. @throws what the repositories throw; BLOB_UNKNOWN */
export async function writeImageArchive(
  plan: ArchivePlan,
  { sink, signal }: WriteArchiveOptions,
): Promise<void> {
  // While a chunk is being written the next one is read and hashed; chunks are not used again.
  let writing = Promise.resolve();
  try {
    for await (const chunk of packImageTar(plan.entries(signal))) {
      await writing;
      writing = sink(chunk);
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
}
