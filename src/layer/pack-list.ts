/**
 * What a layer is to hold, as the helper's `pack --list` reads it (native/README.md §The list of pack):
 * entries with the places of their contents, and folders as scan found them. The twin of that command is
 * writeLayer, which reads the contents itself and gives the same tar and index.
 */
import type { Entry, EntrySource } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import { encodeXattrs } from './xattr-records.ts';

/** Where the helper finds the bytes of a file. */
export type ContentPlace =
  /** A file of the host, beneath a root, that must still have this digest (hex). */
  | {
      readonly kind: 'file';
      readonly root: Buffer;
      readonly path: ByteString;
      readonly sha256: string;
    }
  /** As many bytes of a file that never changes as the entry has. */
  | { readonly kind: 'part'; readonly file: string; readonly offset: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export interface PlacedSource extends EntrySource {
  /** Asked once, for files with size > 0; undefined when only `content` has the bytes. */
  readonly place?: () => ContentPlace | undefined;
}

/** All that a scan found in a folder. */
export interface ListedFolder {
  /** The root of the files, and the folder beneath it. */
  readonly root: Buffer;
  readonly path: ByteString;
  /** Of the helper's scan, whole. */
  readonly records: Buffer;
  /** Where it goes; the folder itself is an entry of its own. */
  readonly destination: ByteString;
  readonly uid: number;
  readonly gid: number;
  /** SOURCE_DATE_EPOCH: no time is later than this, seconds. */
  readonly mtimeMax?: number;
}

export interface PackList {
  /** Sorted, parents before children, later names of a file after the first. */
  readonly entries: Iterable<PlacedSource>;
  /** After the entries. */
  readonly folder?: ListedFolder;
}

const RECORD_BYTES = 96;
const PIECE_BYTES = 64 * 1024;
const KIND = {
  file: 1,
  directory: 2,
  symlink: 3,
  char: 4,
  block: 5,
  fifo: 6,
  hardlink: 7,
} as const;
const ROOT = 16;
const FOLDER = 17;
const CONTENT = { none: 0, file: 1, bytes: 2, part: 3 } as const;
const NO_BYTES = Buffer.alloc(0);
const LATEST = 2n ** 63n - 1n;

/** Only the twin can write it: bytes without a place, or an attribute that it has to refuse. */
export class UnlistableEntry extends Error {}

/** The list, in pieces. @throws UnlistableEntry */
export function* encodePackList({ entries, folder }: PackList): Generator<Buffer> {
  const list = new ListEncoder();
  for (const source of entries) {
    list.entry(source);
    yield* list.full();
  }
  if (folder) {
    list.folder(folder);
    yield* list.all();
    yield folder.records;
  }
  list.end();
  yield* list.all();
}

class ListEncoder {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #root: Buffer | undefined;
  #entries = 0;
  readonly #numbers = new Map<ByteString, number>();

  /** What there is, once it is worth a write. */
  *full(): Generator<Buffer> {
    if (this.#bytes >= PIECE_BYTES) yield* this.all();
  }

  *all(): Generator<Buffer> {
    yield Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
  }

  entry({ entry, place }: PlacedSource): void {
    checkXattrs(entry);
    const isFilled = entry.kind === 'file' && entry.size > 0;
    const content = isFilled ? place?.() : undefined;
    if (isFilled && !content) throw new UnlistableEntry(entry.path);
    if (content?.kind === 'file') this.#enter(content.root);
    const other = otherOf(entry, content);
    const bytes = content?.kind === 'bytes' ? content.bytes : NO_BYTES;
    const xattrs = encodeXattrs(entry.xattrs);
    const record = newRecord(KIND[entry.kind], {
      path: entry.path,
      other,
      more: xattrs.length + bytes.length,
    });
    record[5] = content === undefined ? CONTENT.none : CONTENT[content.kind];
    writeMetadata(record, entry);
    record.writeUInt32LE(xattrs.length, 52);
    if (entry.kind === 'file') record.writeBigUInt64LE(BigInt(entry.size), 32);
    if (entry.kind === 'char' || entry.kind === 'block') {
      record.writeUInt32LE(entry.major, 20);
      record.writeUInt32LE(entry.minor, 24);
    }
    if (entry.kind === 'hardlink') {
      record.writeUInt32LE(this.#numbers.get(entry.target) ?? 0xffffffff, 20);
    }
    if (content?.kind === 'part') record.writeBigUInt64LE(BigInt(content.offset), 56);
    if (content?.kind === 'file') record.write(content.sha256, 64, 'hex');
    const start = RECORD_BYTES + entry.path.length + other.length;
    record.set(xattrs, start);
    record.set(bytes, start + xattrs.length);
    // What may have several names.
    if (entry.kind !== 'directory' && entry.kind !== 'hardlink')
      this.#numbers.set(entry.path, this.#entries);
    this.#entries += 1;
    this.#push(record);
  }

  folder(folder: ListedFolder): void {
    this.#enter(folder.root);
    const { destination, path } = folder;
    const record = newRecord(FOLDER, { path: destination, other: path, more: 0 });
    record.writeUInt32LE(folder.uid, 12);
    record.writeUInt32LE(folder.gid, 16);
    const { mtimeMax } = folder;
    record.writeBigInt64LE(mtimeMax === undefined ? LATEST : BigInt(mtimeMax), 40);
    this.#push(record);
  }

  end(): void {
    this.#push(Buffer.alloc(4));
  }

  /** Files that follow are beneath it. */
  #enter(root: Buffer): void {
    if (this.#root?.equals(root)) return;
    this.#root = root;
    this.#push(newRecord(ROOT, { path: '', other: root.toString('latin1'), more: 0 }));
  }

  #push(record: Buffer): void {
    this.#pieces.push(record);
    this.#bytes += record.length;
  }
}

function newRecord(
  kind: number,
  { path, other, more }: { readonly path: string; readonly other: string; readonly more: number },
): Buffer {
  const record = Buffer.alloc(RECORD_BYTES + path.length + other.length + more);
  record.writeUInt32LE(record.length, 0);
  record[4] = kind;
  record.writeUInt32LE(path.length, 28);
  record.writeUInt32LE(other.length, 48);
  record.write(path, RECORD_BYTES, 'latin1');
  record.write(other, RECORD_BYTES + path.length, 'latin1');
  return record;
}

function writeMetadata(record: Buffer, entry: Entry): void {
  record.writeUInt32LE(entry.mode, 8);
  record.writeUInt32LE(entry.uid, 12);
  record.writeUInt32LE(entry.gid, 16);
  record.writeBigInt64LE(BigInt(entry.mtime.seconds), 40);
}

function otherOf(entry: Entry, content: ContentPlace | undefined): string {
  if (entry.kind === 'symlink' || entry.kind === 'hardlink') return entry.target;
  if (content?.kind === 'file') return content.path;
  return content?.kind === 'part' ? Buffer.from(content.file).toString('latin1') : '';
}

function checkXattrs(entry: Entry): void {
  for (const name of entry.xattrs.keys()) {
    if (name === '' || name.includes('=')) throw new UnlistableEntry(entry.path);
  }
}
