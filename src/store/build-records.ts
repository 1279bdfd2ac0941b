/**
 * What is remembered of builds: a row each, and a log in a file. Records are kept by number and age,
 * and their logs and the roots of failed steps by a cap of their own; whoever ends a build enforces
 * that, so that history never needs to be cleaned by hand.
 */
import { rmSync, statSync } from 'node:fs';
import type { BuildStatus } from '#core/build-record.ts';
import { type Digest, parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { type BuildDocument, parseBuildDocument } from './build-document.ts';
import { NAMELESS } from './images.ts';
import { digestIn, type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { currentOwner, ownerState, UNSEEN_OWNER_TTL_MS } from './process-owner.ts';

/** What is kept, whichever is reached first; the newest record always is. */
export const BUILDS_KEPT = {
  count: 100,
  ageMs: 30 * 24 * 60 * 60 * 1000,
  logBytes: 1024 ** 3,
  failedRoots: 5,
} as const;

export interface StoredBuild {
  readonly ref: string;
  readonly status: BuildStatus;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** Bytes of the log, once it is ended. */
  readonly logBytes: number;
  /** The manifest of the image with the failed step's root, as long as it is there. */
  readonly failedRoot?: Digest;
  readonly document: BuildDocument;
}

type BuildSize = Pick<StoredBuild, 'ref' | 'startedAtMs' | 'logBytes' | 'failedRoot'>;

export interface EndedBuild {
  readonly ref: string;
  readonly status: Exclude<BuildStatus, 'running' | 'interrupted'>;
  readonly endedAtMs: number;
  readonly logBytes: number;
  readonly document: BuildDocument;
}

/** With the root of the failed step, as long as its image is there. */
const BUILDS = `SELECT b.*, m.digest AS root FROM builds b
  LEFT JOIN manifests m ON m.space = 'images' AND m.repository = '' AND m.digest = b.failed_root`;

export class BuildRecords {
  readonly #paths: StorePaths;
  readonly #metadata: Metadata;

  /** @internal use LocalStore.builds */
  constructor(paths: StorePaths, metadata: Metadata) {
    this.#paths = paths;
    this.#metadata = metadata;
  }

  /** A build of this process begins. */
  begin(ref: string, startedAtMs: number, document: BuildDocument): void {
    const sql = `INSERT INTO builds (ref, owner, started_at_ms, status, log_bytes, document)
      VALUES (?, ?, ?, 'running', 0, ?)`;
    this.#metadata.run(sql, ref, currentOwner(), startedAtMs, JSON.stringify(document));
  }

  /** More is known of it. */
  update(ref: string, document: BuildDocument): void {
    const sql = 'UPDATE builds SET document = ? WHERE ref = ?';
    this.#metadata.run(sql, JSON.stringify(document), ref);
  }

  /** The image, one without a name, goes with the record. */
  keepFailedRoot(ref: string, manifest: Digest): void {
    this.#metadata.run('UPDATE builds SET failed_root = ? WHERE ref = ?', manifest, ref);
  }

  /** It ended; what is too much goes. */
  end({ ref, status, endedAtMs, logBytes, document }: EndedBuild): void {
    this.#metadata.transaction(() => {
      this.#metadata.run(
        `UPDATE builds SET status = ?, ended_at_ms = ?, log_bytes = ?, document = ? WHERE ref = ?`,
        status,
        endedAtMs,
        logBytes,
        JSON.stringify(document),
        ref,
      );
    });
    this.#enforceCap(endedAtMs);
  }

  /** Newest first. */
  list(): readonly StoredBuild[] {
    return this.#metadata
      .all(`${BUILDS} ORDER BY started_at_ms DESC, ref`)
      .map((row) => storedBuild(this.#paths, row));
  }

  /**
   * By its ref or the beginning of it, also as buildx writes it (`builder/node/ref`); `^2`: the one two
   * before the latest; empty: the latest. @throws BUILD_UNKNOWN
   */
  find(text: string): StoredBuild {
    const builds = this.list();
    const offset = text === '' ? 0 : /^\^(\d+)$/.exec(text)?.[1];
    const wanted = text.slice(text.lastIndexOf('/') + 1);
    const found =
      offset === undefined
        ? builds.filter(({ ref }) => ref.startsWith(wanted))
        : builds.slice(Number(offset), Number(offset) + 1);
    const [build] = found;
    if (build && found.length === 1) return build;
    throw found.length > 1 ? ambiguous(text) : unknownBuild(text, builds.length);
  }

  /** With their logs and roots; those that run stay. Gives what went. */
  remove(refs: readonly string[]): readonly string[] {
    const gone = this.#metadata.transaction(() => {
      const builds = refs
        .map((ref) => this.#metadata.get(`${BUILDS} WHERE ref = ?`, ref))
        .filter((row) => row !== undefined)
        .map((row) => storedBuild(this.#paths, row))
        .filter(({ status }) => status !== 'running');
      for (const build of builds) forgetBuild(this.#metadata, build);
      return builds.map(({ ref }) => ref);
    });
    for (const ref of gone) rmSync(this.#paths.buildLog(ref), { force: true });
    return gone;
  }

  #enforceCap(nowMs: number): void {
    const sums = this.#metadata.get(
      `SELECT count(*) AS count, min(started_at_ms) AS oldest, sum(log_bytes) AS bytes,
       count(failed_root) AS roots FROM builds`,
    );
    const isWithin =
      sums &&
      Number(sums.count) <= BUILDS_KEPT.count &&
      Number(sums.oldest) >= nowMs - BUILDS_KEPT.ageMs &&
      Number(sums.bytes) <= BUILDS_KEPT.logBytes &&
      Number(sums.roots) <= BUILDS_KEPT.failedRoots;
    if (isWithin) return;
    const builds = this.#sizes();
    this.remove(tooMuch(builds, nowMs));
    this.#metadata.transaction(() => {
      const roots = builds.filter(({ failedRoot }) => failedRoot !== undefined);
      for (const build of roots.slice(BUILDS_KEPT.failedRoots)) {
        forgetFailedRoot(this.#metadata, build);
      }
    });
  }

  /** Newest first, without the documents: each build asks for it once there are as many as are kept. */
  #sizes(): readonly BuildSize[] {
    const rows = this.#metadata.all(
      `SELECT ref, started_at_ms, ended_at_ms, log_bytes, failed_root FROM builds
       ORDER BY started_at_ms DESC, ref`,
    );
    return rows.map((row) => {
      const ref = textOf(row, 'ref');
      const log = row.ended_at_ms === null ? this.#paths.buildLog(ref) : undefined;
      return {
        ref,
        startedAtMs: numberOf(row, 'started_at_ms'),
        logBytes: log
          ? (statSync(log, { throwIfNoEntry: false })?.size ?? 0)
          : numberOf(row, 'log_bytes'),
        ...(row.failed_root === null ? {} : { failedRoot: digestIn(row, 'failed_root') }),
      };
    });
  }
}

/** Of builds, newest first, the refs of those beyond the cap. */
function tooMuch(builds: readonly BuildSize[], nowMs: number): readonly string[] {
  let bytes = 0;
  return builds
    .filter(({ startedAtMs, logBytes }, i) => {
      bytes += logBytes;
      if (i === 0) return false;
      const isOld = startedAtMs < nowMs - BUILDS_KEPT.ageMs;
      return i >= BUILDS_KEPT.count || isOld || bytes > BUILDS_KEPT.logBytes;
    })
    .map(({ ref }) => ref);
}

/** The rows of a build; its log is the caller's. Call it inside a transaction. */
export function forgetBuild(metadata: Metadata, build: StoredBuild): void {
  forgetFailedRoot(metadata, build);
  metadata.run('DELETE FROM builds WHERE ref = ?', build.ref);
}

/** The image as long as it has no name; other builds may hold the same. */
export function forgetFailedRoot(
  metadata: Metadata,
  { ref, failedRoot }: Pick<StoredBuild, 'ref' | 'failedRoot'>,
): void {
  if (failedRoot === undefined) return;
  metadata.run('UPDATE builds SET failed_root = NULL WHERE ref = ?', ref);
  metadata.run(
    `DELETE FROM manifests WHERE space = 'images' AND repository = ? AND digest = ?
     AND NOT EXISTS (SELECT 1 FROM builds WHERE failed_root = ?)`,
    NAMELESS,
    failedRoot,
    failedRoot,
  );
}

/** Every record, newest first, as the store's care sees it. */
export function storedBuilds(paths: StorePaths, metadata: Metadata): readonly StoredBuild[] {
  return new BuildRecords(paths, metadata).list();
}

function storedBuild(paths: StorePaths, row: Row): StoredBuild {
  const ref = textOf(row, 'ref');
  const status = statusOf(row);
  const log =
    status === 'interrupted' || status === 'running'
      ? statSync(paths.buildLog(ref), { throwIfNoEntry: false })
      : undefined;
  const endedAtMs = status === 'interrupted' ? log?.mtimeMs : row.ended_at_ms;
  return {
    ref,
    status,
    startedAtMs: numberOf(row, 'started_at_ms'),
    ...(typeof endedAtMs === 'number' ? { endedAtMs } : {}),
    logBytes: log?.size ?? numberOf(row, 'log_bytes'),
    ...(row.root === null ? {} : { failedRoot: parseDigest(textOf(row, 'root')) }),
    document: parseBuildDocument(textOf(row, 'document')),
  };
}

const STATUSES: readonly BuildStatus[] = ['running', 'completed', 'error', 'canceled'];

function statusOf(row: Row): BuildStatus {
  const status = STATUSES.find((one) => one === textOf(row, 'status'));
  if (status === undefined) throw new SlipwayError('STORE_BROKEN', 'a build has no known status');
  if (status !== 'running') return status;
  const owner = ownerState(textOf(row, 'owner'));
  const isLost =
    owner === 'unseen' && numberOf(row, 'started_at_ms') < Date.now() - UNSEEN_OWNER_TTL_MS;
  return owner === 'dead' || isLost ? 'interrupted' : 'running';
}

function unknownBuild(text: string, count: number): SlipwayError {
  const message =
    count === 0 || text === ''
      ? 'no builds are on record'
      : `no build with ref "${text}" is on record`;
  return new SlipwayError('BUILD_UNKNOWN', message, {
    hint:
      count === 0
        ? 'build something first; records are those of one store (--root)'
        : '"slipway history ls" shows them',
  });
}

function ambiguous(text: string): SlipwayError {
  return new SlipwayError('BUILD_UNKNOWN', `"${text}" is the beginning of several builds' refs`, {
    hint: 'give more letters of it; "slipway history ls" shows the whole',
  });
}
