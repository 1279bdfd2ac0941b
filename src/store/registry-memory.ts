/**
 * What was learnt of registries: where blobs were seen, so that a push can have them mounted, and which
 * uploads were begun and not ended. Hints, all of it: who uses one asks the registry.
 */
import type { Digest } from '#core/digest.ts';
import { type Metadata, textOf } from './metadata.ts';
import { UPLOAD_TTL_MS } from './uploads.ts';

/** Blobs seldom leave a registry; what is older than this is not worth its row. */
const PLACE_TTL_MS = 90 * 24 * 60 * 60 * 1000;

/** A repository of a registry, as references have them. */
export interface RemotePlace {
  readonly registry: string;
  readonly repository: string;
}

export class RegistryMemory {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.registries */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Blobs that are in a repository for certain. */
  saw(digests: Iterable<Digest>, { registry, repository }: RemotePlace): void {
    const now = Date.now();
    this.#metadata.transaction(() => {
      for (const digest of digests) {
        this.#metadata.run(
          'INSERT OR REPLACE INTO blob_places VALUES (?, ?, ?, ?)',
          digest,
          registry,
          repository,
          now,
        );
      }
    });
  }

  /** Another repository of the registry that had the blob; the one seen last. */
  elsewhere(digest: Digest, { registry, repository }: RemotePlace): string | undefined {
    const row = this.#metadata.get(
      `SELECT repository FROM blob_places WHERE digest = ? AND registry = ? AND repository <> ?
       ORDER BY seen_at_ms DESC, repository LIMIT 1`,
      digest,
      registry,
      repository,
    );
    return row && textOf(row, 'repository');
  }

  /** Uploads to one repository, as remote/upload-memory.ts wants them. */
  uploads({ registry, repository }: RemotePlace) {
    const metadata = this.#metadata;
    const key = (digest: Digest) => [registry, repository, digest] as const;
    return {
      find: (digest: Digest): string | undefined => {
        const row = metadata.get(
          `SELECT location FROM sent_uploads
           WHERE registry = ? AND repository = ? AND digest = ? AND touched_at_ms > ?`,
          ...key(digest),
          Date.now() - UPLOAD_TTL_MS,
        );
        return row && textOf(row, 'location');
      },
      keep: (digest: Digest, location: string): void => {
        metadata.run(
          'INSERT OR REPLACE INTO sent_uploads VALUES (?, ?, ?, ?, ?)',
          ...key(digest),
          location,
          Date.now(),
        );
      },
      forget: (digest: Digest): void => {
        metadata.run(
          'DELETE FROM sent_uploads WHERE registry = ? AND repository = ? AND digest = ?',
          ...key(digest),
        );
      },
    };
  }
}

/** Removes what is too old to be of use. */
export function forgetOldPlaces(metadata: Metadata): void {
  const now = Date.now();
  metadata.run('DELETE FROM blob_places WHERE seen_at_ms < ?', now - PLACE_TTL_MS);
  metadata.run('DELETE FROM sent_uploads WHERE touched_at_ms < ?', now - UPLOAD_TTL_MS);
}
