/**
 * The build cache's memory: what a step gave, by its key. In this store a record keeps its layer from
 * gc; a record whose layer is lost or cut off answers like one that was never written.
 */
import { type Digest, parseDigest } from '#core/digest.ts';
import { type JsonValue, parseJson } from '#core/json.ts';
import type { Lease } from './leases.ts';
import { type Metadata, numberOf, type Row, textOf } from './metadata.ts';
import type { StorePaths } from './paths.ts';
import { wholeLayer } from './whole-layer.ts';

export interface CacheRecord {
  /** The cache key, opaque here. */
  readonly key: string;
  /** The step's layer; absent for a step that changed no file. */
  readonly diffId?: Digest;
  /** RFC 3339, as the image says. */
  readonly createdAt: string;
  /** When it was done. Absent: now. */
  readonly madeAtMs?: number;
  /** For people: the instruction. */
  readonly description: string;
  /** Whatever else the build wants back. */
  readonly extra?: JsonValue;
}

/** One layer may be the answer to ever new definitions; who exports it needs the latest. */
const RECORDS_PER_LAYER_MAX = 20;

export class CacheRecords {
  readonly #metadata: Metadata;
  readonly #paths: StorePaths;

  /** @internal use LocalStore.records */
  constructor(metadata: Metadata, paths: StorePaths) {
    this.#metadata = metadata;
    this.#paths = paths;
  }

  /** The record of a key, its layer held under `lease` when one is given. Counts as a use. */
  find(key: string, lease?: Lease): CacheRecord | undefined {
    const row = this.#metadata.get('SELECT * FROM records WHERE key = ?', key);
    if (!row) return undefined;
    const record = recordIn(row);
    const { diffId } = record;
    this.#metadata.transaction(() => {
      if (diffId !== undefined) lease?.hold(diffId);
      const sql = 'UPDATE records SET used_at_ms = ?, uses = uses + 1 WHERE key = ?';
      this.#metadata.run(sql, Date.now(), key);
    });
    if (diffId === undefined || wholeLayer(this.#paths, diffId)) return record;
    this.#metadata.run('DELETE FROM records WHERE key = ?', key);
    return undefined;
  }

  /** The newest records that gave this layer. */
  of(diffId: Digest): readonly CacheRecord[] {
    const sql = 'SELECT * FROM records WHERE diff_id = ? ORDER BY used_at_ms DESC LIMIT ?';
    return this.#metadata.all(sql, diffId, RECORDS_PER_LAYER_MAX).map(recordIn);
  }

  /** Writes or replaces a record. */
  save(record: CacheRecord): void {
    this.#insert('REPLACE', record);
  }

  /** Writes those whose keys have none. */
  adopt(records: readonly CacheRecord[]): void {
    this.#metadata.transaction(() => {
      for (const record of records) this.#insert('IGNORE', record);
    });
  }

  #insert(otherwise: 'REPLACE' | 'IGNORE', record: CacheRecord): void {
    this.#metadata.run(
      `INSERT OR ${otherwise} INTO records
       (key, diff_id, created_at, description, extra, used_at_ms, made_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      record.key,
      record.diffId ?? null,
      record.createdAt,
      record.description,
      record.extra === undefined ? null : JSON.stringify(record.extra),
      Date.now(),
      record.madeAtMs ?? Date.now(),
    );
  }
}

function recordIn(row: Row): CacheRecord {
  const diffId = row.diff_id;
  const extra = row.extra;
  return {
    key: textOf(row, 'key'),
    ...(typeof diffId === 'string' ? { diffId: parseDigest(diffId) } : {}),
    createdAt: textOf(row, 'created_at'),
    madeAtMs: numberOf(row, 'made_at_ms'),
    description: textOf(row, 'description'),
    ...(typeof extra === 'string' ? { extra: parseJson(extra, 'cache record') } : {}),
  };
}
