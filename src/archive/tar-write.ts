/**
 * Entries → tar, deterministic to the byte: POSIX ustar, with a pax header only for what does not
 * fit. The helper's `pack` writes the same bytes, so every choice here is part of a format:
 * - permission bits, uid, gid: 7 octal digits; size, mtime: 11; each ends in NUL;
 * - what does not fit (uid, gid, size, a negative or huge mtime) is a pax record and 0 in its field;
 * - a name over 100 bytes is split at the last slash that leaves at most 155 bytes in front; where
 *   that fails it is a pax `path` and its first 100 bytes stand in the field; so too a name that is
 *   not UTF-8 when the entry has a pax header anyway; a link target over 100 bytes: pax `linkpath`;
 * - times are whole seconds, unless asked for otherwise; no user and group names; records sorted by key; the pax header itself
 *   is named `././@PaxHeader`, mode 0644, everything else 0;
 * - two zero blocks end the archive, without padding to a record.
 * Whiteouts are plain entries here. tar-stream's packer is not used: it formats fields differently
 * and can write neither raw pax values nor names that are not UTF-8.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { bytesOf } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Entry, EntrySource } from './entry.ts';
import { displayPath } from './entry-path.ts';
import { encodePax, encodePaxTime, type PaxRecord } from './pax.ts';
import { BLOCK, encodeHeader, fitsOctal, paddingOf, TYPE } from './tar-header.ts';

const BUFFER_BYTES = 256 * 1024;
const PAX_HEADER_NAME = '././@PaxHeader';
const ZEROS = Buffer.alloc(2 * BLOCK);

export interface TarWriteOptions {
  /** Fractions of seconds are kept, in pax records: for tars that nobody names by digest. */
  readonly nanoseconds?: boolean;
}

/**
 * Writes one archive. Chunks given to `sink` are reused after its promise settles. After an error
 * the archive is broken and must be thrown away.
 */
export class TarWriter {
  readonly #sink: (chunk: Uint8Array) => Promise<void>;
  readonly #options: TarWriteOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;
  #offset = 0;

  constructor(sink: (chunk: Uint8Array) => Promise<void>, options: TarWriteOptions = {}) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Bytes of the archive so far. */
  get size(): number {
    return this.#offset;
  }

  /**
   * Appends an entry with its content.
   * @returns where its content starts (or would start), bytes from the start of the archive
   * @throws SIZE_MISMATCH when the content is not exactly `entry.size` bytes; ENTRY_REFUSED
   */
  async add(source: EntrySource): Promise<{ readonly dataOffset: number }> {
    const { entry } = source;
    await this.#append(encodeEntryHeaders(entry, this.#options));
    const dataOffset = this.#offset;
    if (entry.kind === 'file' && entry.size > 0) {
      let left = entry.size;
      for await (const chunk of source.content?.() ?? []) {
        left -= chunk.length;
        if (left < 0) throw wrongSize(entry.path, 'more');
        await this.#append(chunk);
      }
      if (left > 0) throw wrongSize(entry.path, 'less');
      await this.#append(ZEROS.subarray(0, paddingOf(entry.size)));
    }
    return { dataOffset };
  }

  /** Ends the archive. Nothing may be added afterwards. */
  async finish(): Promise<void> {
    await this.#append(ZEROS);
    await this.#flush();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#offset += bytes.length;
    if (bytes.length > BUFFER_BYTES - this.#used) await this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      await this.#sink(bytes);
    } else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  async #flush(): Promise<void> {
    if (this.#used > 0) await this.#sink(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

/** The header block of an entry, after its pax header where one is needed. @throws ENTRY_REFUSED */
export function encodeEntryHeaders(entry: Entry, options: TarWriteOptions = {}): Buffer {
  const records = new PaxRecords();
  const size = entry.kind === 'file' ? entry.size : 0;
  const target = entry.kind === 'symlink' || entry.kind === 'hardlink' ? entry.target : '';
  for (const [name, value] of entry.xattrs) {
    if (name.includes('=')) {
      throw new SlipwayError(
        'ENTRY_REFUSED',
        `xattr ${displayPath(name)} of ${displayPath(entry.path)} cannot be stored in a tar`,
        { hint: 'rename or remove the extended attribute' },
      );
    }
    records.set(`SCHILY.xattr.${name}`, Buffer.from(value));
  }
  const uid = records.fit('uid', entry.uid, 7);
  const gid = records.fit('gid', entry.gid, 7);
  const sizeField = records.fit('size', size, 11);
  const hasFraction = options.nanoseconds === true && entry.mtime.nanoseconds !== 0;
  if (hasFraction) records.set('mtime', encodePaxTime(entry.mtime));
  const mtime = hasFraction ? 0 : records.fit('mtime', entry.mtime.seconds, 11);
  if (target.length > 100) records.set('linkpath', Buffer.from(target, 'latin1'));
  const { name, prefix } = placeName(entry, records);
  const header = encodeHeader({
    name,
    prefix,
    mode: entry.mode & 0o7777,
    uid,
    gid,
    size: sizeField,
    mtime,
    type: TYPE[entry.kind],
    linkName: target.slice(0, 100),
    major: entry.kind === 'char' || entry.kind === 'block' ? entry.major : 0,
    minor: entry.kind === 'char' || entry.kind === 'block' ? entry.minor : 0,
  });
  return records.isEmpty ? header : Buffer.concat([paxHeader(records), header]);
}

function placeName(entry: Entry, records: PaxRecords): { name: string; prefix: string } {
  const base = entry.path === '' ? '.' : entry.path;
  const name = entry.kind === 'directory' ? `${base}/` : base;
  if (!records.isEmpty && !isUtf8(bytesOf(entry.path))) {
    records.set('path', Buffer.from(name, 'latin1'));
    return { name: name.slice(0, 100), prefix: '' };
  }
  if (name.length <= 100) return { name, prefix: '' };
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2));
  if (slash > 0 && name.length - slash - 1 <= 100) {
    return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
  }
  records.set('path', Buffer.from(name, 'latin1'));
  return { name: name.slice(0, 100), prefix: '' };
}

function paxHeader(records: PaxRecords): Buffer {
  const data = records.encode();
  const header = encodeHeader({
    name: PAX_HEADER_NAME,
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: data.length,
    mtime: 0,
    type: TYPE.pax,
    linkName: '',
    major: 0,
    minor: 0,
  });
  return Buffer.concat([header, data, ZEROS.subarray(0, paddingOf(data.length))]);
}

/** The pax records of one entry. */
class PaxRecords {
  readonly #records: PaxRecord[] = [];

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  set(key: string, value: Buffer): void {
    this.#records.push({ key, value });
  }

  /** The number for the header's field; 0 when it had to become a record. */
  fit(key: string, value: number, digits: number): number {
    if (fitsOctal(value, digits)) return value;
    this.set(key, Buffer.from(String(value)));
    return 0;
  }

  encode(): Buffer {
    return encodePax(this.#records.sort((a, b) => (a.key < b.key ? -1 : 1)));
  }
}

function wrongSize(path: string, than: 'more' | 'less'): SlipwayError {
  return new SlipwayError(
    'SIZE_MISMATCH',
    `${displayPath(path)} has ${than} content than its size says`,
    { hint: 'the file changed while it was read; try again' },
  );
}
