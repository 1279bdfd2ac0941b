/**
 * Tar → entries, one pass, streaming: POSIX ustar and pax, GNU (long names, base-256, old sparse),
 * V7. It reads what GNU tar, bsdtar, Go and Node write, and refuses what it cannot represent.
 *
 * The block parsing is our own, not tar-stream's: an index over a tar needs exact bytes and offsets,
 * while tar-stream decodes pax values as UTF-8 (which destroys xattrs and foreign names), takes the
 * extension blocks of old GNU sparse files for headers, and reads numbers it does not understand
 * as something. tar-stream is the independent peer in the tests: each reads what the other wrote.
 *
 * Choices where readers differ: types that carry no data (links, devices, directories) have none
 * whatever their size field says; xattrs come from SCHILY.xattr.* alone; a global pax header counts
 * for all that follows; two zero blocks, or a clean end of the stream, end the archive; what follows
 * is read and ignored.
 */
import { Buffer } from 'node:buffer';
import type { ByteString } from '#core/bytes.ts';
import { SlipwayError } from '#core/errors.ts';
import { ByteReader } from './byte-reader.ts';
import {
  type Entry,
  type EntryMetadata,
  NO_XATTRS,
  type SparseSegment,
  type Timestamp,
} from './entry.ts';
import { displayPath, normalizeEntryPath } from './entry-path.ts';
import { decodePax, type PaxRecord, paxInteger, paxTime } from './pax.ts';
import {
  BLOCK,
  decodeHeader,
  invalidArchive,
  isZeroBlock,
  paddingOf,
  type TarHeader,
  TYPE,
} from './tar-header.ts';
import { checkSparseMap, parseMapList, readOldGnuMap, readPax1Map } from './tar-sparse.ts';

/** Enough for many xattrs of 64 KiB each; a pax header or long name beyond it is refused. */
const EXTENDED_BYTES_MAX = 4 * 1024 * 1024;
const ENTRIES_MAX = 5_000_000;
const ZERO_CHUNK_BYTES = 64 * 1024;
const XATTR_KEY = 'SCHILY.xattr.';

export interface ReadTarOptions {
  readonly signal?: AbortSignal;
  /** More entries than this are refused; default five million. */
  readonly entriesMax?: number;
}

/** An entry of a tar; its content can be read until the next entry is asked for. */
export interface TarEntry {
  readonly entry: Entry;
  /** Bytes from the start of the tar to the stored content; a multiple of 512. */
  readonly dataOffset: number;
  /** Bytes stored there: the size, or the sum of the sparse segments. */
  readonly storedSize: number;
  /** Exactly `entry.size` bytes, holes as zeros. At most one of content and stored, once. */
  content(): AsyncIterable<Uint8Array>;
  /** The `storedSize` bytes as they stand in the archive. */
  stored(): AsyncIterable<Uint8Array>;
}

/**
 * Reads a plain tar to its end (drains `source`, also past the end mark). Paths are normalised:
 * relative, without `.`; `..` is refused.
 * @throws ARCHIVE_INVALID (with `detail.offset`) damaged or cut; ENTRY_REFUSED not representable
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  await using reader = new ByteReader(source);
  const globals: PaxFields = new Map();
  const entriesMax = options.entriesMax ?? ENTRIES_MAX;
  for (let count = 0; ; count++) {
    options.signal?.throwIfAborted();
    const raw = await readRawEntry(reader, globals);
    if (raw === undefined) break;
    if (count >= entriesMax) {
      throw new SlipwayError('ENTRY_REFUSED', `the archive has more than ${entriesMax} entries`, {
        hint: 'split it into several layers',
      });
    }
    const content = new StoredContent(reader, raw.storedSize);
    yield {
      entry: raw.entry,
      dataOffset: reader.offset,
      storedSize: raw.storedSize,
      stored: () => content.read(),
      content: () =>
        raw.sparse === undefined ? content.read() : expand(content.read(), raw.sparse, raw.size),
    };
    // Mostly all is here: a promise for each entry would cost as much as reading it.
    if (!content.finishNow()) await content.finish();
  }
  await reader.drain();
}

/** The stored bytes of the current entry. */
class StoredContent {
  readonly #reader: ByteReader;
  readonly #size: number;
  #left: number;
  #isOpen = true;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.#size = size;
    this.#left = size;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#left > 0) {
      if (!this.#isOpen) throw new Error('invariant broken: content read after the next entry');
      const piece = await this.#reader.some(this.#left);
      if (piece === undefined) throw this.#cut();
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** Passes over what was not read and over the padding; false when it has not all arrived. */
  finishNow(): boolean {
    this.#isOpen = false;
    return this.#reader.skipNow(this.#left + paddingOf(this.#size));
  }

  /** As finishNow, waiting for the rest. */
  async finish(): Promise<void> {
    const rest = this.#left + paddingOf(this.#size);
    if (!(await this.#reader.skip(rest))) throw this.#cut();
  }

  #cut(): SlipwayError {
    return invalidArchive('it ends within the content of an entry', this.#reader.offset);
  }
}

async function* expand(
  stored: AsyncIterable<Uint8Array>,
  segments: readonly SparseSegment[],
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  let index = 0;
  for await (let chunk of stored) {
    while (chunk.length > 0) {
      const segment = segments[index];
      if (segment === undefined) break;
      if (at < segment.offset) yield* zeros(segment.offset - at);
      at = Math.max(at, segment.offset);
      const part = chunk.subarray(0, segment.offset + segment.length - at);
      yield part;
      at += part.length;
      chunk = chunk.subarray(part.length);
      if (at === segment.offset + segment.length) index++;
    }
  }
  yield* zeros(size - at);
}

function* zeros(length: number): Generator<Uint8Array, void, undefined> {
  const chunk = Buffer.alloc(Math.min(length, ZERO_CHUNK_BYTES));
  for (let left = length; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
}

/** pax records that count for an entry; the last of equal keys. */
type PaxFields = Map<string, Buffer>;

interface RawEntry {
  readonly entry: Entry;
  readonly size: number;
  readonly storedSize: number;
  readonly sparse?: readonly SparseSegment[];
}

/** What the extension headers in front of an entry say. */
interface Extensions {
  pax: PaxFields;
  longName?: string;
  longLink?: string;
}

/** The next entry, the reader standing at its content; undefined at the end of the archive. */
async function readRawEntry(reader: ByteReader, globals: PaxFields): Promise<RawEntry | undefined> {
  const extensions: Extensions = { pax: globals };
  let isExtended = false;
  for (;;) {
    const offset = reader.offset;
    const block = reader.take(BLOCK) ?? (await reader.read(BLOCK));
    if (block.length === 0 && !isExtended) return undefined;
    if (block.length < BLOCK) throw invalidArchive('it ends within a header', reader.offset);
    if (isZeroBlock(block)) {
      if (isExtended) throw invalidArchive('it ends after an extended header', offset);
      await expectEnd(reader);
      return undefined;
    }
    const header = decodeHeader(block, offset);
    switch (header.type) {
      case TYPE.pax:
      case TYPE.solarisPax: {
        const records = decodePax(await readExtended(reader, header), offset + BLOCK);
        extensions.pax = mergePax(new Map(globals), records);
        break;
      }
      case TYPE.paxGlobal:
        mergePax(globals, decodePax(await readExtended(reader, header), offset + BLOCK));
        continue;
      case TYPE.gnuLongName:
        extensions.longName = cString(await readExtended(reader, header));
        break;
      case TYPE.gnuLongLink:
        extensions.longLink = cString(await readExtended(reader, header));
        break;
      case TYPE.gnuVolumeLabel:
        continue;
      default:
        return await makeEntry({ reader, block, header, extensions, offset });
    }
    isExtended = true;
  }
}

/** After one zero block: another one, or the end. */
async function expectEnd(reader: ByteReader): Promise<void> {
  const offset = reader.offset;
  const block = await reader.read(BLOCK);
  if (block.length === BLOCK && !isZeroBlock(block)) {
    throw invalidArchive('an empty block stands between entries', offset);
  }
}

async function readExtended(reader: ByteReader, header: TarHeader): Promise<Buffer> {
  if (header.size < 0 || header.size > EXTENDED_BYTES_MAX) {
    throw invalidArchive(`an extended header is over ${EXTENDED_BYTES_MAX} bytes`, reader.offset);
  }
  const length = header.size + paddingOf(header.size);
  const data = await reader.read(length);
  if (data.length < length) {
    throw invalidArchive('it ends within an extended header', reader.offset);
  }
  return data.subarray(0, header.size);
}

function cString(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('latin1', 0, end < 0 ? data.length : end);
}

const SPARSE_MAP_KEY = 'GNU.sparse.map';

/** Later records win. The repeated pairs of sparse dialect 0.0 become the list of 0.1. */
function mergePax(fields: PaxFields, records: readonly PaxRecord[]): PaxFields {
  const pairs: string[] = [];
  for (const { key, value } of records) {
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      pairs.push(value.toString('latin1'));
    } else {
      // Copied: the records stand in a chunk of the stream, which is larger and may be reused.
      fields.set(key, Buffer.from(value));
    }
  }
  if (pairs.length > 0) fields.set(SPARSE_MAP_KEY, Buffer.from(pairs.join(',')));
  return fields;
}

interface HeaderInContext {
  readonly reader: ByteReader;
  readonly block: Buffer;
  readonly header: TarHeader;
  readonly extensions: Extensions;
  readonly offset: number;
}

async function makeEntry(context: HeaderInContext): Promise<RawEntry> {
  const { header, extensions, offset } = context;
  const { pax } = extensions;
  const name =
    text(pax, 'GNU.sparse.name') ?? text(pax, 'path') ?? extensions.longName ?? header.name;
  const metadata: EntryMetadata = {
    path: normalizeEntryPath(name),
    mode: header.mode,
    uid: integer(pax, 'uid', offset) ?? unsigned(header.uid, offset),
    gid: integer(pax, 'gid', offset) ?? unsigned(header.gid, offset),
    mtime: timeOf(pax, offset) ?? { seconds: header.mtime, nanoseconds: 0 },
    xattrs: xattrsOf(pax),
  };
  const link = text(pax, 'linkpath') ?? extensions.longLink ?? header.linkName;
  switch (header.type) {
    case TYPE.file:
      // Before there was a type for directories, the slash said it.
      return name.endsWith('/')
        ? directoryWithData(header, metadata, offset)
        : await makeFile(context, metadata);
    case TYPE.contiguous:
    case TYPE.gnuSparse:
      return await makeFile(context, metadata);
    case TYPE.directory:
      return withoutContent({ ...metadata, kind: 'directory' });
    case TYPE.gnuDumpDirectory:
      return directoryWithData(header, metadata, offset);
    case TYPE.symlink:
      return withoutContent({ ...metadata, kind: 'symlink', target: link as ByteString });
    case TYPE.hardlink:
      return withoutContent({ ...metadata, kind: 'hardlink', target: normalizeEntryPath(link) });
    case TYPE.char:
    case TYPE.block: {
      const kind = header.type === TYPE.char ? 'char' : 'block';
      return withoutContent({ ...metadata, kind, major: header.major, minor: header.minor });
    }
    case TYPE.fifo:
      return withoutContent({ ...metadata, kind: 'fifo' });
    default:
      throw new SlipwayError(
        'ENTRY_REFUSED',
        `archive entry ${displayPath(metadata.path)} has the unknown type ${displayPath(header.type)}`,
        { hint: 'multi-volume and vendor formats are not read; make a GNU or POSIX tar' },
      );
  }
}

/** A directory whose size counts: something is stored, and passed over. */
function directoryWithData(header: TarHeader, metadata: EntryMetadata, offset: number): RawEntry {
  const storedSize = unsigned(header.size, offset);
  return { entry: { ...metadata, kind: 'directory' }, size: 0, storedSize };
}

function withoutContent(entry: Entry): RawEntry {
  return { entry, size: 0, storedSize: 0 };
}

async function makeFile(context: HeaderInContext, metadata: EntryMetadata): Promise<RawEntry> {
  const { reader, block, header, extensions, offset } = context;
  const { pax } = extensions;
  const { path } = metadata;
  let storedSize = integer(pax, 'size', offset) ?? unsigned(header.size, offset);
  let sparse: readonly SparseSegment[];
  let size: number;
  if (header.type === TYPE.gnuSparse) {
    ({ size, segments: sparse } = await readOldGnuMap(block, reader));
  } else if (pax.has('GNU.sparse.major')) {
    if (text(pax, 'GNU.sparse.major') !== '1' || text(pax, 'GNU.sparse.minor') !== '0') {
      throw new SlipwayError(
        'ENTRY_REFUSED',
        `sparse file ${displayPath(path)} is in an unknown dialect`,
        { hint: 'known are GNU old, pax 0.0, 0.1 and 1.0; make the archive without --sparse' },
      );
    }
    size = integer(pax, 'GNU.sparse.realsize', offset) ?? 0;
    const start = reader.offset;
    sparse = await readPax1Map(reader, storedSize);
    storedSize -= reader.offset - start;
  } else if (pax.has('GNU.sparse.size')) {
    size = integer(pax, 'GNU.sparse.size', offset) ?? 0;
    sparse = parseMapList(text(pax, SPARSE_MAP_KEY) ?? '', offset);
  } else {
    const entry: Entry = { ...metadata, kind: 'file', size: storedSize };
    return { entry, size: storedSize, storedSize };
  }
  checkSparseMap({ size, segments: sparse }, { storedSize, offset, path });
  return { entry: { ...metadata, kind: 'file', size, sparse }, size, storedSize, sparse };
}

/** An empty value deletes the record (POSIX pax), so the header's field counts again. */
function value(pax: PaxFields, key: string): Buffer | undefined {
  const found = pax.get(key);
  return found === undefined || found.length === 0 ? undefined : found;
}

function text(pax: PaxFields, key: string): string | undefined {
  return pax.size === 0 ? undefined : value(pax, key)?.toString('latin1');
}

function integer(pax: PaxFields, key: string, offset: number): number | undefined {
  const found = value(pax, key);
  return found === undefined ? undefined : paxInteger(found, offset);
}

function unsigned(number: number, offset: number): number {
  if (number < 0) throw invalidArchive('a number in a header is negative', offset);
  return number;
}

function timeOf(pax: PaxFields, offset: number): Timestamp | undefined {
  const found = value(pax, 'mtime');
  return found === undefined ? undefined : paxTime(found, offset);
}

function xattrsOf(pax: PaxFields): ReadonlyMap<ByteString, Uint8Array> {
  let xattrs: Map<ByteString, Uint8Array> | undefined;
  for (const [key, bytes] of pax) {
    if (!key.startsWith(XATTR_KEY) || key.length === XATTR_KEY.length) continue;
    xattrs ??= new Map();
    xattrs.set(key.slice(XATTR_KEY.length) as ByteString, bytes);
  }
  return xattrs ?? NO_XATTRS;
}
