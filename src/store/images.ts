/**
 * The names of the local image store: which manifests each repository has, their tags, and the other
 * digests they are known by. Reading and changing manifests themselves goes through
 * LocalStore.repository({space: 'images'}).
 */
import type { Digest } from '#core/digest.ts';
import { type Reference, repositoryKey } from '#core/reference.ts';
import { manifestUnknown } from './manifest-rules.ts';
import { digestIn, type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import { copyRefs } from './refs.ts';

/** The repository of images without a name: built or loaded without one, or by ID. */
export const NAMELESS = '';

/** One manifest of one repository, with all names it has there. */
export interface ImageName {
  /** `docker.io/library/x`, or NAMELESS. */
  readonly repository: string;
  /** Of the manifest or index. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** When it last arrived here. */
  readonly putAtMs: number;
  /** Sorted by bytes. */
  readonly tags: readonly string[];
  /** Other digests that name it: the index it was pulled from, what it was pushed as. */
  readonly aliases: readonly Digest[];
}

export interface ManifestSubject {
  readonly repository: string;
  readonly digest: Digest;
  /** It need not be there. */
  readonly subject: Digest;
}

export class ImageNames {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.images */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Every manifest of the image store, by repository and digest. */
  list(): readonly ImageName[] {
    const rows = this.#metadata.all(
      "SELECT * FROM manifests WHERE space = 'images' ORDER BY repository, digest",
    );
    const tags = this.#grouped("SELECT * FROM tags WHERE space = 'images' ORDER BY tag", 'digest');
    const aliases = this.#grouped('SELECT * FROM aliases ORDER BY digest', 'target');
    return rows.map((row) => {
      const key = keyOf(row, 'digest');
      return {
        repository: textOf(row, 'repository'),
        digest: digestIn(row, 'digest'),
        mediaType: textOf(row, 'media_type'),
        size: numberOf(row, 'size'),
        putAtMs: numberOf(row, 'put_at_ms'),
        tags: (tags.get(key) ?? []).map((tag) => textOf(tag, 'tag')),
        aliases: (aliases.get(key) ?? []).map((alias) => digestIn(alias, 'digest')),
      };
    });
  }

  /** Which manifests name another one of their repository as their subject. */
  subjects(): readonly ManifestSubject[] {
    const rows = this.#metadata.all(
      "SELECT repository, digest, subject FROM referrers WHERE space = 'images'",
    );
    return rows.map((row) => ({
      repository: textOf(row, 'repository'),
      digest: digestIn(row, 'digest'),
      subject: digestIn(row, 'subject'),
    }));
  }

  /**
   * Points a name at a manifest that some repository of the image store already has. Without a tag
   * the name is the digest alone. @throws MANIFEST_UNKNOWN
   */
  set(reference: Reference, digest: Digest): void {
    this.#durably(() => {
      const repository = repositoryKey(reference);
      const known = this.#metadata.run(
        `INSERT INTO manifests (space, repository, digest, media_type, size, put_at_ms)
         SELECT space, ?, digest, media_type, size, ? FROM manifests
         WHERE space = 'images' AND digest = ? LIMIT 1
         ON CONFLICT DO UPDATE SET put_at_ms = excluded.put_at_ms`,
        repository,
        Date.now(),
        digest,
      );
      if (known === 0) throw manifestUnknown(digest);
      copyRefs(this.#metadata, { space: 'images', repository, digest });
      if (reference.tag === undefined) return;
      this.#metadata.run(
        "INSERT OR REPLACE INTO tags VALUES ('images', ?, ?, ?, ?)",
        repository,
        reference.tag,
        digest,
        Date.now(),
      );
    });
  }

  /** Removes one tag, or without a tag the digest (and its tags); false when there was none. */
  remove(reference: Reference): boolean {
    return this.#durably(() => {
      const repository = repositoryKey(reference);
      if (reference.tag !== undefined) {
        const sql = "DELETE FROM tags WHERE space = 'images' AND repository = ? AND tag = ?";
        return this.#metadata.run(sql, repository, reference.tag) > 0;
      }
      return reference.digest !== undefined && this.forget(repository, reference.digest);
    });
  }

  /** Removes a manifest from a repository, with its tags and aliases; false when there was none. */
  forget(repository: string, digest: Digest): boolean {
    return this.#durably(() => {
      this.#metadata.run(
        'DELETE FROM aliases WHERE repository = ? AND (target = ? OR digest = ?)',
        repository,
        digest,
        digest,
      );
      const sql = "DELETE FROM manifests WHERE space = 'images' AND repository = ? AND digest = ?";
      return this.#metadata.run(sql, repository, digest) > 0;
    });
  }

  /** Remembers that `digest` names the manifest `target` of the same repository too. */
  addAlias(repository: string, digest: Digest, target: Digest): void {
    if (this.#isKnown(repository, digest, target)) return;
    this.#durably(() => {
      if (digest === target) {
        // It is here under its own digest: what stood for it does so no longer.
        const sql = 'DELETE FROM aliases WHERE repository = ? AND digest = ?';
        return this.#metadata.run(sql, repository, digest);
      }
      return this.#metadata.run(
        'INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)',
        repository,
        digest,
        target,
      );
    });
  }

  /** Not to wait for the disk when there is nothing to change. */
  #isKnown(repository: string, digest: Digest, target: Digest): boolean {
    const sql = 'SELECT target FROM aliases WHERE repository = ? AND digest = ?';
    const row = this.#metadata.get(sql, repository, digest);
    return row ? textOf(row, 'target') === target && digest !== target : digest === target;
  }

  #durably<T>(work: () => T): T {
    return this.#metadata.transaction(work, { durable: true });
  }

  #grouped(sql: string, column: string): Map<string, Row[]> {
    return Map.groupBy(this.#metadata.all(sql), (row) => keyOf(row, column));
  }
}

function keyOf(row: Row, column: string): string {
  return `${textOf(row, 'repository')}@${textOf(row, column)}`;
}
