/**
 * When a link between a repository of the registry and a blob ends: at once when the manifest that
 * needed the blob is deleted and nobody has asked for the blob since; otherwise when no manifest
 * needs it and nobody has asked for it for a day.
 */
import type { Digest } from '#core/digest.ts';
import type { BlobInfo } from '#core/repository.ts';
import type { Metadata } from './metadata.ts';

/** A link without a manifest keeps its blob this long: the time a push may take. */
export const LINK_GRACE_MS = 24 * 60 * 60 * 1000;

/** Shows a blob of the store in a repository, and keeps it as long as a fresh one. */
export function addLink(
  metadata: Metadata,
  repository: string,
  { digest, size }: BlobInfo,
  atMs: number = Date.now(),
): void {
  // No REPLACE: it deletes without the triggers that count bytes.
  metadata.run(
    `INSERT INTO links VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET linked_at_ms = excluded.linked_at_ms`,
    repository,
    digest,
    atMs,
    size,
  );
}

export interface ReleasedLinks {
  readonly repository: string;
  /** What the deleted manifest referred to. */
  readonly digests: readonly Digest[];
  /** When it was put: a link renewed after that belongs to a push under way. */
  readonly putAtMs: number;
}

/**
 * Ages the links of a deleted manifest so that the next gc drops those which no other manifest of
 * the repository needs; until then the blobs stay readable, as the specification allows.
 */
export function releaseLinks(metadata: Metadata, released: ReleasedLinks): void {
  for (const digest of released.digests) {
    metadata.run(
      'UPDATE links SET linked_at_ms = 0 WHERE repository = ? AND digest = ? AND linked_at_ms <= ?',
      released.repository,
      digest,
      released.putAtMs,
    );
  }
}
