/**
 * What the registry's repositories hold, with times, in pages: for retention, quotas and figures. Reading
 * and removing here is by rows alone; no manifest is opened.
 */
import type { Digest } from '#core/digest.ts';
import { digestIn, type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import { STALE_LINK } from './needed.ts';
import { releaseLinks } from './registry-links.ts';

export interface HeldManifest {
  readonly digest: Digest;
  /** When it, or for a tag the tag, was pushed last. */
  readonly putAtMs: number;
  /** 0: never, as far as is known. */
  readonly pulledAtMs: number;
}

export interface HeldTag extends HeldManifest {
  readonly tag: string;
}

export interface RecordPage {
  readonly last?: string | undefined;
  readonly limit: number;
}

/** A pull of a manifest, for {@link RegistryRecords.notePulls}. */
export interface NotedPull {
  readonly repository: string;
  readonly digest: Digest;
  readonly atMs: number;
}

/** No tag points to the manifest, no index of the repository has it, and it is about nothing that is there. */
const IS_LOOSE = `NOT EXISTS (SELECT 1 FROM tags WHERE space = 'registry'
    AND repository = held.repository AND digest = held.digest)
  AND NOT EXISTS (SELECT 1 FROM refs WHERE child = held.digest AND space = 'registry'
    AND repository = held.repository)
  AND NOT EXISTS (SELECT 1 FROM referrers JOIN manifests AS subjects
    ON subjects.space = 'registry' AND subjects.repository = referrers.repository
      AND subjects.digest = referrers.subject
    WHERE referrers.space = 'registry' AND referrers.repository = held.repository
      AND referrers.digest = held.digest)`;

export class RegistryRecords {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.records */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Tags by bytes. */
  tags(repository: string, page: RecordPage): readonly HeldTag[] {
    const rows = this.#metadata.all(
      `SELECT tag, digest, tags.put_at_ms, pulled_at_ms
       FROM tags JOIN manifests USING (space, repository, digest)
       WHERE space = 'registry' AND repository = ? AND tag > ? ORDER BY tag LIMIT ?`,
      repository,
      page.last ?? '',
      page.limit,
    );
    return rows.map((row) => ({ ...heldIn(row), tag: textOf(row, 'tag') }));
  }

  /**
   * Manifests without a tag, of those on the page of all: there may be none though more pages follow.
   * `next`: after which the next page begins; absent: this is the last.
   */
  loose(
    repository: string,
    page: RecordPage,
  ): { readonly manifests: readonly HeldManifest[]; readonly next?: string } {
    const rows = this.#metadata.all(
      `SELECT digest, put_at_ms, pulled_at_ms, ${IS_LOOSE} AS is_loose FROM manifests AS held
       WHERE space = 'registry' AND repository = ? AND digest > ? ORDER BY digest LIMIT ?`,
      repository,
      page.last ?? '',
      page.limit,
    );
    const last = rows.at(-1);
    return {
      manifests: rows.filter((row) => row.is_loose === 1).map(heldIn),
      ...(last && rows.length === page.limit ? { next: textOf(last, 'digest') } : {}),
    };
  }

  /** All manifests of a repository. */
  manifests(repository: string): readonly Digest[] {
    return this.#digests(
      "SELECT digest FROM manifests WHERE space = 'registry' AND repository = ?",
      repository,
    );
  }

  /** Tags that point to a manifest. */
  tagsOf(repository: string, digest: Digest): readonly string[] {
    const rows = this.#metadata.all(
      `SELECT tag FROM tags WHERE space = 'registry' AND repository = ? AND digest = ? ORDER BY tag`,
      repository,
      digest,
    );
    return rows.map((row) => textOf(row, 'tag'));
  }

  /**
   * Removes a tag, and with the last one its manifest, with the images of an index and what is about them.
   * False, and nothing changed: it was pushed again meanwhile.
   */
  removeTag(repository: string, { tag, digest, putAtMs }: HeldTag): boolean {
    return this.#metadata.transaction(() => {
      const removed = this.#metadata.run(
        `DELETE FROM tags WHERE space = 'registry' AND repository = ? AND tag = ?
         AND digest = ? AND put_at_ms = ?`,
        repository,
        tag,
        digest,
        putAtMs,
      );
      if (removed > 0) this.#dropLoose(repository, digest, putAtMs);
      return removed > 0;
    });
  }

  /** Removes a manifest without a tag, likewise. False: it has one by now, or was pushed again. */
  removeLoose(repository: string, { digest, putAtMs }: HeldManifest): boolean {
    return this.#metadata.transaction(() => this.#dropLoose(repository, digest, putAtMs));
  }

  /** Batched by who calls it: one write for many pulls. */
  notePulls(pulls: readonly NotedPull[]): void {
    this.#metadata.transaction(() => {
      for (const { repository, digest, atMs } of pulls) {
        this.#metadata.run(
          `UPDATE manifests SET pulled_at_ms = max(pulled_at_ms, ?)
           WHERE space = 'registry' AND repository = ? AND digest = ?`,
          atMs,
          repository,
          digest,
        );
      }
    });
  }

  /** Bytes of the blobs that a repository shows; without a name of all, each once. */
  usage(repository = ''): number {
    const row = this.#metadata.get(
      'SELECT bytes FROM registry_usage WHERE repository = ?',
      repository,
    );
    return row ? numberOf(row, 'bytes') : 0;
  }

  /** Has the blobs of deleted manifests no longer counted, though gc has not come yet. */
  dropReleased(repository?: string): void {
    const only = repository === undefined ? '' : 'AND repository = ?';
    this.#metadata.run(
      `DELETE FROM links WHERE ${STALE_LINK} ${only}`,
      0,
      ...(repository === undefined ? [] : [repository]),
    );
  }

  /** Not if it was put later than that: it may belong to a push under way. */
  #dropLoose(repository: string, digest: Digest, putByMs: number): boolean {
    const found = this.#metadata.get(
      `SELECT put_at_ms FROM manifests AS held WHERE space = 'registry' AND repository = ?
       AND digest = ? AND put_at_ms <= ? AND ${IS_LOOSE}`,
      repository,
      digest,
      putByMs,
    );
    if (!found) return false;
    const needed = this.#digests(
      `SELECT child AS digest FROM refs
       WHERE digest = ? AND space = 'registry' AND repository = ?`,
      digest,
      repository,
    );
    const about = this.#digests(
      "SELECT digest FROM referrers WHERE subject = ? AND space = 'registry' AND repository = ?",
      digest,
      repository,
    );
    this.#metadata.run(
      "DELETE FROM manifests WHERE space = 'registry' AND repository = ? AND digest = ?",
      repository,
      digest,
    );
    const putAtMs = numberOf(found, 'put_at_ms');
    releaseLinks(this.#metadata, { repository, digests: needed, putAtMs });
    for (const other of needed) this.#dropLoose(repository, other, putByMs);
    // What is about an image comes after it.
    for (const other of about) this.#dropLoose(repository, other, Number.MAX_SAFE_INTEGER);
    return true;
  }

  #digests(sql: string, ...values: readonly string[]): readonly Digest[] {
    return this.#metadata.all(sql, ...values).map((row) => digestIn(row, 'digest'));
  }
}

function heldIn(row: Row): HeldManifest {
  return {
    digest: digestIn(row, 'digest'),
    putAtMs: numberOf(row, 'put_at_ms'),
    pulledAtMs: numberOf(row, 'pulled_at_ms'),
  };
}
