/**
 * gc in small slices, so that nobody waits for it: not another process for the database, nor a request
 * of the server it runs in. Each slice looks at a few digests, and for those that nothing keeps decides
 * again inside a write transaction, in which they are renamed into trash/; deleting happens after it.
 * Writers record their hold before they look for a blob or put one in place (leases.ts), so they come
 * entirely before or entirely after the decision about each blob.
 */
import { statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Digest } from '#core/digest.ts';
import { errnoOf } from '#core/errors.ts';
import { type DigestFile, type DigestPlace, digestFileIn, digestPlaces } from './disk-files.ts';
import { abandonedFiles, type Garbage, mergedRule } from './garbage.ts';
import { disposePieces, type GcOptions, type GcResult, GcTally, takePieces } from './gc.ts';
import { digestIn, type Metadata, textOf } from './metadata.ts';
import { isNeeded, STALE_LINK } from './needed.ts';
import type { StorePaths } from './paths.ts';
import { readUnread } from './refs.ts';
import { LINK_GRACE_MS } from './registry-links.ts';
import { forgetOldPlaces } from './registry-memory.ts';
import { UPLOAD_TTL_MS } from './uploads.ts';

/** A slice takes a few milliseconds: requests that come meanwhile wait that long. */
const DIGESTS_PER_SLICE = 64;
const ROWS_PER_SLICE = 256;
const MANIFESTS_PER_SLICE = 16;

/** Removes what nothing needs. */
export async function sweep(
  paths: StorePaths,
  metadata: Metadata,
  options: GcOptions,
): Promise<GcResult> {
  return await new Sweep(paths, metadata, options).run();
}

class Sweep {
  readonly #paths: StorePaths;
  readonly #metadata: Metadata;
  readonly #options: GcOptions;
  readonly #freshAfterMs: number;
  readonly #uploadsBeforeMs: number;
  readonly #tally = new GcTally();
  #sliceBeganMs = performance.now();

  constructor(paths: StorePaths, metadata: Metadata, options: GcOptions) {
    this.#paths = paths;
    this.#metadata = metadata;
    this.#options = options;
    this.#freshAfterMs = Date.now() - (options.graceMs ?? LINK_GRACE_MS);
    this.#uploadsBeforeMs = Date.now() - (options.uploadTtlMs ?? UPLOAD_TTL_MS);
  }

  async run(): Promise<GcResult> {
    while (readUnread(this.#paths, this.#metadata, MANIFESTS_PER_SLICE)) await this.#rest();
    await this.#measureLinks();
    if (!this.#options.dryRun) await this.#dropLinks();
    for (const place of digestPlaces(this.#paths)) await this.#sweepPlace(place);
    if (!this.#options.dryRun) await this.#forgetFacts();
    await this.#sweepAbandoned();
    return this.#tally.result();
  }

  /** Sizes of blobs that were linked before sizes were written down. */
  async #measureLinks(): Promise<void> {
    for await (const rows of this.#rows(
      'SELECT DISTINCT digest FROM links WHERE size IS NULL AND digest > ? ORDER BY digest LIMIT ?',
    )) {
      this.#metadata.transaction(() => {
        for (const digest of rows) {
          const size = statSync(this.#paths.blob(digest), { throwIfNoEntry: false })?.size ?? 0;
          this.#metadata.run('UPDATE links SET size = ? WHERE digest = ?', size, digest);
        }
      });
    }
  }

  /** By pages of rows, not of digests: the layer that all images begin with is linked ten thousand times. */
  async #dropLinks(): Promise<void> {
    const page = `SELECT repository, digest, ${STALE_LINK} AS is_stale FROM links
      WHERE (repository, digest) > (?, ?) ORDER BY repository, digest LIMIT ?`;
    const drop = `DELETE FROM links WHERE repository = ? AND digest = ? AND ${STALE_LINK}`;
    for (let after = ['', '']; ; ) {
      const [repository = '', digest = ''] = after;
      const rows = this.#metadata.all(page, this.#freshAfterMs, repository, digest, ROWS_PER_SLICE);
      const keys = rows.map((row) => [textOf(row, 'repository'), textOf(row, 'digest')]);
      const stale = keys.filter((_, i) => rows[i]?.is_stale === 1);
      if (stale.length > 0) {
        this.#metadata.transaction(() => {
          for (const key of stale) this.#metadata.run(drop, ...key, this.#freshAfterMs);
        });
      }
      await this.#rest();
      if (rows.length < ROWS_PER_SLICE) return;
      after = keys.at(-1) ?? after;
    }
  }

  /** Batches of digests in order, by a statement that takes the last one and a limit. */
  async *#rows(sql: string): AsyncGenerator<readonly Digest[]> {
    let after = '';
    for (;;) {
      const rows = this.#metadata.all(sql, after, ROWS_PER_SLICE);
      if (rows.length === 0) return;
      const digests = rows.map((row) => digestIn(row, 'digest'));
      yield digests;
      after = digests.at(-1) ?? '';
      await this.#rest();
    }
  }

  async #sweepPlace(place: DigestPlace): Promise<void> {
    let batch: DigestFile[] = [];
    for await (const name of namesOf(place.folder)) {
      const file = digestFileIn(place, name);
      if (file) batch.push(file);
      if (batch.length < DIGESTS_PER_SLICE) continue;
      await this.#sweepFiles(batch);
      batch = [];
    }
    await this.#sweepFiles(batch);
  }

  async #sweepFiles(files: readonly DigestFile[]): Promise<void> {
    const doubtful = this.#useless(files);
    if (doubtful.length > 0) {
      await this.#take(() => {
        const useless = this.#useless(doubtful);
        if (!this.#options.dryRun) {
          for (const { digest } of useless) forgetForms(this.#metadata, digest);
        }
        return useless;
      });
    }
    await this.#rest();
  }

  #useless(files: readonly DigestFile[]): readonly DigestFile[] {
    const isUseless = mergedRule(this.#metadata, this.#options);
    return files.filter(
      (file) =>
        !isNeeded(this.#metadata, file.digest, this.#freshAfterMs) &&
        (file.kind !== 'merged' || isUseless(file)),
    );
  }

  /** What concerns layers that are not here in any form. */
  async #forgetFacts(): Promise<void> {
    for await (const digests of this.#rows(
      'SELECT DISTINCT digest FROM compressed WHERE digest > ? ORDER BY digest LIMIT ?',
    )) {
      this.#forgetUnneeded(digests, (digest) => forgetForms(this.#metadata, digest));
    }
    for await (const digests of this.#rows(
      `SELECT DISTINCT diff_id AS digest FROM guarded_layers WHERE diff_id > ?
       ORDER BY diff_id LIMIT ?`,
    )) {
      this.#forgetUnneeded(digests, (digest) =>
        this.#metadata.run('DELETE FROM guarded_layers WHERE diff_id = ?', digest),
      );
    }
  }

  #forgetUnneeded(digests: readonly Digest[], forget: (digest: Digest) => void): void {
    this.#metadata.transaction(() => {
      for (const digest of digests) {
        if (!isNeeded(this.#metadata, digest, this.#freshAfterMs)) forget(digest);
      }
    });
  }

  /** Uploads, downloads and folders of their own kind: few. */
  async #sweepAbandoned(): Promise<void> {
    await this.#take(() => {
      const garbage = abandonedFiles(this.#paths, this.#metadata, this.#uploadsBeforeMs);
      if (!this.#options.dryRun) {
        this.#metadata.run('DELETE FROM uploads WHERE touched_at_ms < ?', this.#uploadsBeforeMs);
        forgetOldPlaces(this.#metadata);
      }
      return garbage;
    });
  }

  async #take(choose: () => readonly Garbage[]): Promise<void> {
    const pieces = this.#options.dryRun
      ? choose().map((piece) => ({ ...piece, at: piece.path }))
      : this.#metadata.transaction(() => takePieces(this.#paths, choose()));
    await disposePieces(pieces, this.#tally, this.#options);
  }

  /** Lets others have their turn, for as long as the slice took and so much longer as was asked for. */
  async #rest(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const tookMs = performance.now() - this.#sliceBeganMs;
    const restMs = tookMs * (this.#options.rest ?? 0);
    if (restMs < 1) await turn();
    else await sleep(restMs);
    this.#sliceBeganMs = performance.now();
  }
}

/** A layer of which no form is needed: what is known of its forms. */
function forgetForms(metadata: Metadata, digest: Digest): void {
  metadata.run('DELETE FROM compressed WHERE digest = ? OR diff_id = ?', digest, digest);
}

/** Without holding all of them; none where there is no such folder. */
async function* namesOf(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 512 })) yield name;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
