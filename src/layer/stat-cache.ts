/**
 * What the last scan of a root knew about its files: stat → sha256 and attributes, in the helper's format
 * (native/README.md §The stat cache). Losing it costs time only, so a cache that is missing, damaged,
 * of another root or from the future is the empty cache, never an error.
 */
import { type BigIntStats, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type ByteString, byteStringOf } from '#core/bytes.ts';
import { errnoOf } from '#core/errors.ts';
import { crc32 } from './crc32.ts';
import { compareWalked } from './folder-walk.ts';

const MAGIC = 'SLIPSCAN';
const VERSION = 2;
const HEADER_BYTES = 64;
/** Before the path. */
const RECORD_BYTES = 96;
const DIGEST_OFFSET = 56;
const DIGEST_END = 88;
const TRAILER_BYTES = 8;
const NANO = 1_000_000_000n;
/** Clocks of file systems are coarse, some count in two seconds. */
const RACY_NANOSECONDS = 2n * NANO;

export type StatKey = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino' | 'dev' | 'mode'>;

/** What is known of one file. */
export interface KnownFile {
  readonly digest: Buffer;
  /** In the form of xattr-records.ts. */
  readonly xattrs: Buffer;
}

/** One scan's use of the cache. Paths must come in the order of the walk. */
export class StatCache {
  readonly #file: string | undefined;
  readonly #root: Pick<BigIntStats, 'dev' | 'ino'>;
  readonly #started = BigInt(Date.now()) * 1_000_000n;
  readonly #old: Buffer;
  #next = 0;
  #end = 0;
  #isDirty = false;
  readonly #fresh: Buffer[] = [];

  /** `file` undefined: nothing is read or written. */
  constructor(file: string | undefined, root: Pick<BigIntStats, 'dev' | 'ino'>) {
    this.#file = file;
    this.#root = root;
    this.#old = file === undefined ? Buffer.alloc(0) : readOrEmpty(file);
    if (this.#isUsable()) {
      this.#next = HEADER_BYTES;
      this.#end = this.#old.length - TRAILER_BYTES;
    } else {
      this.#isDirty = true;
    }
  }

  /** What was found in a file with exactly this stat. */
  find(path: ByteString, stats: StatKey): KnownFile | undefined {
    while (this.#next < this.#end) {
      const at = this.#next;
      const length = this.#old.readUInt32LE(at + 52);
      const start = at + RECORD_BYTES;
      const known = byteStringOf(this.#old.subarray(start, start + length));
      const order = compareWalked(known, path);
      if (order > 0) return undefined;
      this.#next = at + sizeOf(this.#old, at);
      if (order === 0 && this.#old.compare(encodeStat(stats), 0, 52, at, at + 52) === 0) {
        const xattrs = start + length;
        return {
          digest: this.#old.subarray(at + DIGEST_OFFSET, at + DIGEST_END),
          xattrs: this.#old.subarray(xattrs, xattrs + this.#old.readUInt32LE(at + DIGEST_END)),
        };
      }
      this.#isDirty = true;
    }
    return undefined;
  }

  /**
   * Remembers a file for the next scan, unless it is so young that a later change could leave its stat
   * as it is. `isKnown`: {@link find} just found it.
   */
  keep(path: ByteString, stats: StatKey, known: KnownFile & { readonly isKnown: boolean }): void {
    if (this.#isYoung(stats.mtimeNs) || this.#isYoung(stats.ctimeNs)) {
      this.#isDirty ||= known.isKnown;
      return;
    }
    const end = RECORD_BYTES + path.length;
    const record = Buffer.alloc(aligned(end + known.xattrs.length));
    encodeStat(stats).copy(record);
    record.writeUInt32LE(path.length, 52);
    known.digest.copy(record, DIGEST_OFFSET);
    record.writeUInt32LE(known.xattrs.length, DIGEST_END);
    record.write(path, RECORD_BYTES, 'latin1');
    known.xattrs.copy(record, end);
    this.#fresh.push(record);
    this.#isDirty ||= !known.isKnown;
  }

  /** Replaces the file if anything changed. */
  save(): void {
    if (this.#file === undefined) return;
    if (this.#next < this.#end) this.#isDirty = true;
    if (!this.#isDirty) return;
    const content = Buffer.concat([this.#header(), ...this.#fresh]);
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32LE(crc32(content));
    const temporary = `${this.#file}.${process.pid}`;
    try {
      writeFileSync(temporary, Buffer.concat([content, trailer]), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, this.#file);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') rmSync(temporary, { force: true });
      throw error;
    }
  }

  #header(): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, 'latin1');
    header.writeUInt32LE(VERSION, 8);
    header.writeUInt32LE(Number(this.#started % NANO), 12);
    header.writeBigUInt64LE(this.#root.dev, 16);
    header.writeBigUInt64LE(this.#root.ino, 24);
    header.writeBigInt64LE(this.#started / NANO, 32);
    header.writeBigUInt64LE(BigInt(this.#fresh.length), 40);
    return header;
  }

  #isYoung(time: bigint): boolean {
    return time >= this.#started - RACY_NANOSECONDS;
  }

  #isUsable(): boolean {
    const old = this.#old;
    if (old.length < HEADER_BYTES + TRAILER_BYTES) return false;
    const end = old.length - TRAILER_BYTES;
    if (old.toString('latin1', 0, 8) !== MAGIC || old.readUInt32LE(8) !== VERSION) return false;
    if (old.readBigUInt64LE(end) !== BigInt(crc32(old.subarray(0, end)))) return false;
    if (old.readBigUInt64LE(16) !== this.#root.dev) return false;
    if (old.readBigUInt64LE(24) !== this.#root.ino) return false;
    const scanned = old.readBigInt64LE(32) * NANO + BigInt(old.readUInt32LE(12));
    return scanned <= this.#started && recordsFit(old, end);
  }
}

function recordsFit(old: Buffer, end: number): boolean {
  let at = HEADER_BYTES;
  for (let count = old.readBigUInt64LE(40); count > 0n; count--) {
    if (end - at < RECORD_BYTES) return false;
    at += sizeOf(old, at);
    if (at > end) return false;
  }
  return at === end;
}

function sizeOf(old: Buffer, at: number): number {
  return aligned(RECORD_BYTES + old.readUInt32LE(at + 52) + old.readUInt32LE(at + DIGEST_END));
}

/** The first 52 bytes of a record. */
function encodeStat(stats: StatKey): Buffer {
  const record = Buffer.alloc(52);
  const mtime = splitTime(stats.mtimeNs);
  const ctime = splitTime(stats.ctimeNs);
  record.writeBigUInt64LE(stats.size, 0);
  record.writeBigInt64LE(mtime.seconds, 8);
  record.writeBigInt64LE(ctime.seconds, 16);
  record.writeUInt32LE(mtime.nanoseconds, 24);
  record.writeUInt32LE(ctime.nanoseconds, 28);
  record.writeBigUInt64LE(stats.ino, 32);
  record.writeBigUInt64LE(stats.dev, 40);
  record.writeUInt32LE(Number(stats.mode), 48);
  return record;
}

/** Nanoseconds count up from the second, also before 1970. */
export function splitTime(time: bigint): { seconds: bigint; nanoseconds: number } {
  const rest = ((time % NANO) + NANO) % NANO;
  return { seconds: (time - rest) / NANO, nanoseconds: Number(rest) };
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function readOrEmpty(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    // Missing or unreadable: as if nothing was known.
    return Buffer.alloc(0);
  }
}
