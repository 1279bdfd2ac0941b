/** The records that the helper's `scan` writes (native/README.md §Scan records) as ScannedEntry. */
import { type Entry, type EntryMetadata, NO_XATTRS } from '#archive/entry.ts';
import { byteStringOf } from '#core/bytes.ts';
import { parseDigest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ScannedEntry } from './scan.ts';

const RECORD_BYTES = 104;
const END_BYTES = 24;
const DIGEST_OFFSET = 56;
const IDENTITY_OFFSET = 88;

/** @throws HELPER_FAILED when the records are cut or not understood */
export function parseScanRecords(data: Buffer): { entries: ScannedEntry[]; hashedFiles: number } {
  const entries: ScannedEntry[] = [];
  let at = 0;
  for (;;) {
    if (at + END_BYTES > data.length) throw damagedRecords();
    const length = data.readUInt32LE(at);
    if (length === 0) break;
    if (length < RECORD_BYTES || at + length > data.length) throw damagedRecords();
    entries.push(parseRecord(data.subarray(at, at + length)));
    at += length;
  }
  if (Number(data.readBigUInt64LE(at + 8)) !== entries.length) throw damagedRecords();
  return { entries, hashedFiles: Number(data.readBigUInt64LE(at + 16)) };
}

function parseRecord(record: Buffer): ScannedEntry {
  const pathEnd = RECORD_BYTES + record.readUInt32LE(48);
  const targetEnd = pathEnd + record.readUInt32LE(52);
  if (targetEnd !== record.length) throw damagedRecords();
  const metadata: EntryMetadata = {
    path: byteStringOf(record.subarray(RECORD_BYTES, pathEnd)),
    mode: record.readUInt32LE(28),
    uid: record.readUInt32LE(32),
    gid: record.readUInt32LE(36),
    mtime: {
      seconds: Number(record.readBigInt64LE(16)),
      nanoseconds: record.readUInt32LE(24),
    },
    xattrs: NO_XATTRS,
  };
  const entry = withKind(record, metadata, pathEnd);
  if (entry.kind !== 'file') return { entry, digest: undefined };
  const hex = record.toString('hex', DIGEST_OFFSET, IDENTITY_OFFSET);
  const digest = parseDigest(`sha256:${hex}`);
  const inode = record.readBigUInt64LE(IDENTITY_OFFSET);
  if (inode === 0n) return { entry, digest };
  return { entry, digest, identity: `${record.readBigUInt64LE(IDENTITY_OFFSET + 8)}:${inode}` };
}

function withKind(record: Buffer, metadata: EntryMetadata, pathEnd: number): Entry {
  const numbers = { major: record.readUInt32LE(40), minor: record.readUInt32LE(44) };
  switch (record.readUInt32LE(4)) {
    case 1:
      return { ...metadata, kind: 'file', size: Number(record.readBigUInt64LE(8)) };
    case 2:
      return { ...metadata, kind: 'directory' };
    case 3:
      return { ...metadata, kind: 'symlink', target: byteStringOf(record.subarray(pathEnd)) };
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
