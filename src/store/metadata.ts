/**
 * The store's mutable half: one SQLite database in WAL mode, shared by any number of processes.
 * Immutable bytes are files, never rows. The file is opened at the first question, so that commands
 * which never ask do not pay for it.
 */
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from 'node:sqlite';
import { type Digest, parseDigest } from '#core/digest.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import { MIGRATIONS } from './metadata-schema.ts';

/**
 * With a log of so many pages of 4 KiB it is moved into the database. Whoever opens a log that others
 * left reads it, so it had better be short.
 */
const LOG_PAGES_MAX = 256;

/** How long a writer waits for another process's transaction. */
const BUSY_TIMEOUT_MS = 30_000;

export type Row = Readonly<Record<string, SQLOutputValue>>;

export class Metadata implements Disposable {
  readonly #path: string;
  readonly #onOpen: (metadata: Metadata) => void;
  readonly #makeRoom: () => boolean;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | undefined;
  #depth = 0;

  /**
   * Opens nothing yet; `onOpen` runs once, when the database has been opened. `makeRoom` is called
   * when the disk is too full for that; true: it is worth another attempt.
   */
  constructor(
    path: string,
    onOpen: (metadata: Metadata) => void = () => {},
    makeRoom: () => boolean = () => false,
  ) {
    this.#path = path;
    this.#onOpen = onOpen;
    this.#makeRoom = makeRoom;
  }

  /** The first row, if any. */
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#statement(sql).get(...values));
  }

  /** All rows. */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guard(() => this.#statement(sql).all(...values));
  }

  /** Changes rows; gives how many. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...values).changes));
  }

  /**
   * All or nothing, against every other process too. `durable` also survives a power cut: for names;
   * what is derived or held by this process can do without the disk's round trip. Nested calls join
   * the outer transaction.
   */
  transaction<T>(work: () => T, options: { readonly durable?: boolean } = {}): T {
    if (this.#depth > 0) return work();
    const database = this.#open();
    return this.#guard(() => {
      if (options.durable) database.exec('PRAGMA synchronous = FULL');
      database.exec('BEGIN IMMEDIATE');
      this.#depth += 1;
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      } finally {
        this.#depth -= 1;
        if (options.durable) database.exec('PRAGMA synchronous = NORMAL');
      }
    });
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  #statement(sql: string): StatementSync {
    const database = this.#open();
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #open(): DatabaseSync {
    if (this.#database) return this.#database;
    const database = this.#openWithRoom();
    this.#database = database;
    this.#onOpen(this);
    return database;
  }

  #openWithRoom(): DatabaseSync {
    try {
      return this.#guard(() => openDatabase(this.#path));
    } catch (error) {
      if (!isSlipwayError(error, 'DISK_FULL') || !this.#makeRoom()) throw error;
      return this.#guard(() => openDatabase(this.#path));
    }
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, this.#path);
    }
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    enterWal(database);
    database.exec(
      `PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = ${LOG_PAGES_MAX}`,
    );
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite does not wait by itself when two processes switch a new file to WAL at once. */
function enterWal(database: DatabaseSync): void {
  for (let attempt = 0; ; attempt += 1) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (sqliteCodeOf(error) !== SQLITE_BUSY || attempt === 200) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** `user_version` counts the migrations applied. */
function migrate(database: DatabaseSync, path: string): void {
  if (versionOf(database) === MIGRATIONS.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > MIGRATIONS.length) throw newerStore(path, version);
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

function newerStore(path: string, version: number): SlipwayError {
  return new SlipwayError('STORE_VERSION', `${path} was written by a newer Slipway`, {
    hint: 'use the newer Slipway for this store, or choose another one with --root or SLIPWAY_ROOT',
    detail: { path, found: version, understood: MIGRATIONS.length },
  });
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

/** SQLite's primary result code, or undefined for other errors. */
function sqliteCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** IOERR_SHMSIZE: the disk has no room for the index of the write-ahead log. */
const NO_ROOM_FOR_INDEX = 4874;

function isWithoutRoom(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === NO_ROOM_FOR_INDEX;
}

function databaseError(cause: unknown, path: string): unknown {
  if (isSlipwayError(cause)) return cause;
  const detail = { path };
  switch (isWithoutRoom(cause) ? SQLITE_FULL : sqliteCodeOf(cause)) {
    case SQLITE_BUSY:
      return new SlipwayError('STORE_BUSY', `${path} is locked by another process`, {
        hint: 'wait for the other Slipway process, or look for one that hangs',
        cause,
        detail,
      });
    case 3: // PERM
    case 8: // READONLY
    case 14: // CANTOPEN: also a read-only file system, where SQLite does not say so
    case 23: // AUTH
      return new SlipwayError('PERMISSION', `open ${path}: permission denied`, {
        hint: 'run as the owner of the store on a file system that can be written, or choose another store with --root or SLIPWAY_ROOT',
        cause,
        detail,
      });
    case SQLITE_FULL:
      return new SlipwayError('DISK_FULL', `write ${path}: no space left on device`, {
        hint: 'free space there, or choose another store with --root or SLIPWAY_ROOT',
        cause,
        detail,
      });
    case 10: // IOERR
      return new SlipwayError('DISK_FAILED', `${path}: input/output error`, {
        hint: 'look at the disk and the kernel log; then "slipway system check" tells what is damaged',
        cause,
        detail,
      });
    case 11: // CORRUPT
    case 26: // NOTADB
      return new SlipwayError('STORE_BROKEN', `${path} is damaged`, {
        hint: 'move it away: names and cache are lost then, blobs stay; then pull or load again',
        cause,
        detail,
      });
    default:
      return cause;
  }
}

// Typed access to columns. A wrong type means that somebody else wrote the file.

export function textOf(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : refuseColumn(column);
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : refuseColumn(column);
}

export function digestIn(row: Row, column: string): Digest {
  return parseDigest(textOf(row, column));
}

function refuseColumn(column: string): never {
  throw new SlipwayError('STORE_BROKEN', `metadata.db: column ${column} has an unexpected type`);
}
