/** The records that the helper's `scan` writes (native/README.md §Scan records) as ScannedEntry. */
import { type Entry, type EntryMetadata, NO_XATTRS } from '#archive/entry.ts';
import type { ByteString } from '#core/bytes.ts';
import { parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Glance, ScannedEntry, ScanResult } from './scan.ts';
import { decodeXattrs } from './xattr-records.ts';

const RECORD_BYTES = 128;
const END_BYTES = 128;
const DIGEST_OFFSET = 56;
const IDENTITY_OFFSET = 88;

/**
 * The result without its entries, which are read when somebody asks for them: a build that finds its
 * step in the cache never does. @throws HELPER_FAILED when the records are cut or not understood
 */
export function scanResultOf(records: Buffer): Omit<ScanResult, 'warnings'> {
  const end = records.length - END_BYTES;
  if (end < 0 || records.readUInt32LE(end) !== 0) throw damagedRecords();
  let entries: readonly ScannedEntry[] | undefined;
  return {
    get entries() {
      entries ??= parseScanRecords(records);
      return entries;
    },
    hashedFiles: Number(records.readBigUInt64LE(end + 16)),
    newest: Number(records.readBigInt64LE(end + 24)),
    digest: records.toString('hex', end + 32, end + 64),
    digestWithoutModes: records.toString('hex', end + 64, end + 96),
    glances: () => glancesIn(records),
    records,
  };
}

const KINDS = [undefined, 'file', 'directory', 'symlink', 'char', 'block', 'fifo'] as const;

/** No more is read of each record than is asked for: there may be a hundred thousand. */
function* glancesIn(data: Buffer): Generator<Glance> {
  for (let at = 0, length = lengthAt(data, 0); length > 0; length = lengthAt(data, at)) {
    const kind = KINDS[data.readUInt32LE(at + 4)];
    if (kind === undefined) throw damagedRecords();
    const end = at + length;
    const pathEnd = at + RECORD_BYTES + data.readUInt32LE(at + 48);
    const targetEnd = pathEnd + data.readUInt32LE(at + 52);
    const path = textOf(data, at + RECORD_BYTES, pathEnd);
    const mode = data.readUInt32LE(at + 28);
    let counts = '';
    if (kind === 'file') counts = data.toString('hex', at + DIGEST_OFFSET, at + DIGEST_OFFSET + 8);
    else if (kind === 'symlink') counts = textOf(data, pathEnd, targetEnd);
    else if (kind === 'char' || kind === 'block') {
      counts = `${data.readUInt32LE(at + 40)}:${data.readUInt32LE(at + 44)}`;
    }
    const xattrs = targetEnd === end ? NO_XATTRS : xattrsIn(data.subarray(targetEnd, end));
    yield { path, kind, mode, counts, xattrs };
    at = end;
  }
}

/** 0: the end. */
function lengthAt(data: Buffer, at: number): number {
  if (at + END_BYTES > data.length) throw damagedRecords();
  const length = data.readUInt32LE(at);
  if (length !== 0 && (length < RECORD_BYTES || at + length > data.length)) throw damagedRecords();
  return length;
}

/** @throws HELPER_FAILED when the records are cut or not understood */
function parseScanRecords(data: Buffer): readonly ScannedEntry[] {
  const entries: ScannedEntry[] = [];
  let at = 0;
  for (let length = lengthAt(data, 0); length > 0; length = lengthAt(data, at)) {
    entries.push(parseRecord(data, at, at + length));
    at += length;
  }
  if (Number(data.readBigUInt64LE(at + 8)) !== entries.length) throw damagedRecords();
  return entries;
}

/** Reads in place: a Buffer for each of 20,000 records would cost as much as all else. */
function parseRecord(data: Buffer, at: number, end: number): ScannedEntry {
  const pathEnd = at + RECORD_BYTES + data.readUInt32LE(at + 48);
  const targetEnd = pathEnd + data.readUInt32LE(at + 52);
  if (targetEnd + data.readUInt32LE(at + 120) !== end) throw damagedRecords();
  const metadata: EntryMetadata = {
    path: textOf(data, at + RECORD_BYTES, pathEnd),
    mode: data.readUInt32LE(at + 28),
    uid: data.readUInt32LE(at + 32),
    gid: data.readUInt32LE(at + 36),
    mtime: {
      seconds: Number(data.readBigInt64LE(at + 16)),
      nanoseconds: data.readUInt32LE(at + 24),
    },
    xattrs: targetEnd === end ? NO_XATTRS : xattrsIn(data.subarray(targetEnd, end)),
  };
  const entry = withKind(data, metadata, { at, pathEnd, end: targetEnd });
  if (entry.kind !== 'file') return { entry, digest: undefined };
  const hex = data.toString('hex', at + DIGEST_OFFSET, at + IDENTITY_OFFSET);
  const digest = parseDigest(`sha256:${hex}`);
  const inode = data.readBigUInt64LE(at + IDENTITY_OFFSET);
  if (inode === 0n) return { entry, digest };
  const device = data.readBigUInt64LE(at + IDENTITY_OFFSET + 8);
  return { entry, digest, identity: `${device}:${inode}` };
}

function xattrsIn(bytes: Buffer): EntryMetadata['xattrs'] {
  const xattrs = decodeXattrs(bytes);
  if (xattrs === undefined) throw damagedRecords();
  return xattrs;
}

function textOf(data: Buffer, start: number, end: number): ByteString {
  // One character a byte: what byteStringOf does, without a view of the bytes.
  return data.toString('latin1', start, end) as ByteString;
}

function withKind(
  data: Buffer,
  metadata: EntryMetadata,
  { at, pathEnd, end }: { readonly at: number; readonly pathEnd: number; readonly end: number },
): Entry {
  const numbers = { major: data.readUInt32LE(at + 40), minor: data.readUInt32LE(at + 44) };
  switch (data.readUInt32LE(at + 4)) {
    case 1:
      return { ...metadata, kind: 'file', size: Number(data.readBigUInt64LE(at + 8)) };
    case 2:
      return { ...metadata, kind: 'directory' };
    case 3:
      return { ...metadata, kind: 'symlink', target: textOf(data, pathEnd, end) };
    case 4:
      return { ...metadata, kind: 'char', ...numbers };
    case 5:
      return { ...metadata, kind: 'block', ...numbers };
    case 6:
      return { ...metadata, kind: 'fifo' };
    default:
      throw damagedRecords();
  }
}

function damagedRecords(): SlipwayError {
  return new SlipwayError('HELPER_FAILED', 'the scan of the helper cannot be read', {
    hint: 'build the helper of this version: make -C native',
  });
}
