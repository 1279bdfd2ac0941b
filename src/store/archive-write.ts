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
  for await (const chunk of packImageTar(plan.entries(signal))) await sink(chunk);
}
