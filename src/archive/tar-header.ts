/**
 * The 512-byte tar header (POSIX ustar, and what GNU and V7 make of it): fields in, fields out.
 * Nothing here knows about pax records or streams.
 */
import { Buffer } from 'node:buffer';
import { SlipwayError } from '#core/errors.ts';

export const BLOCK = 512;

/** type flags, as characters. */
export const TYPE = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  contiguous: '7',
  pax: 'x',
  solarisPax: 'X',
  paxGlobal: 'g',
  gnuLongName: 'L',
  gnuLongLink: 'K',
  gnuSparse: 'S',
  gnuDumpDirectory: 'D',
  gnuVolumeLabel: 'V',
} as const;

/** A header as it stands in the archive; text fields are latin1. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly type: string;
  readonly linkName: string;
  /** 0 unless the entry is a device. */
  readonly major: number;
  readonly minor: number;
}

/** Bytes up to the next multiple of 512. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

export function isZeroBlock(block: Buffer): boolean {
  for (let i = 0; i < BLOCK; i++) if (block[i] !== 0) return false;
  return true;
}

/** Decodes and checks a header block. @param offset of the block, for messages. @throws ARCHIVE_INVALID */
export function decodeHeader(block: Buffer, offset: number): TarHeader {
  checkSum(block, offset);
  const flag = block[156] ?? 0;
  const name = textField(block, 0, 100);
  const type = flag === 0 ? TYPE.file : String.fromCharCode(flag);
  // The prefix belongs to POSIX ustar only; old GNU keeps other things there.
  const hasPrefix = block[345] !== 0 && block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = hasPrefix ? textField(block, 345, 155) : '';
  const isDevice = type === TYPE.char || type === TYPE.block;
  const at = { block, offset };
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberField(at, 100, 8) & 0o7777,
    uid: numberField(at, 108, 8),
    gid: numberField(at, 116, 8),
    size: numberField(at, 124, 12),
    mtime: numberField(at, 136, 12),
    type,
    linkName: block[157] === 0 ? '' : textField(block, 157, 100),
    major: isDevice ? numberField(at, 329, 8) : 0,
    minor: isDevice ? numberField(at, 337, 8) : 0,
  };
}

/** Old writers summed signed bytes; both are accepted. */
function checkSum(block: Buffer, offset: number): void {
  const stored = numberField({ block, offset }, 148, 8);
  if (stored === unsignedSum(block)) return;
  let signed = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) {
    if (i < 148 || i >= 156) signed += block.readInt8(i);
  }
  if (stored !== signed) throw invalidArchive('the checksum of a header is wrong', offset);
}

/**
 * The sum of all bytes, those of the checksum field taken as spaces. Where memory allows, four bytes
 * at a time in two 16-bit lanes: 128 words of two bytes a lane just fit.
 */
function unsignedSum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 148; i < 156; i++) sum -= block[i] ?? 0;
  if (block.byteOffset % 4 !== 0) {
    for (let i = 0; i < BLOCK; i++) sum += block[i] ?? 0;
    return sum;
  }
  const words = new Uint32Array(block.buffer, block.byteOffset, BLOCK / 4);
  let lanes = 0;
  for (let i = 0; i < BLOCK / 4; i++) {
    const word = words[i] ?? 0;
    lanes = (lanes + (word & 0xff00ff) + ((word >>> 8) & 0xff00ff)) | 0;
  }
  return sum + (lanes & 0xffff) + (lanes >>> 16);
}

function textField(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
}

/**
 * An octal number between spaces and NULs, or GNU's base-256: the first bit set, big-endian, two's
 * complement. An empty field is 0.
 */
export function numberField(
  { block, offset }: { readonly block: Buffer; readonly offset: number },
  start: number,
  length: number,
): number {
  const first = block[start] ?? 0;
  const value = first & 0x80 ? base256(block, start, length) : octal(block, start, length);
  if (value === undefined || !Number.isSafeInteger(value)) {
    throw invalidArchive('a number in a header cannot be read', offset);
  }
  return value;
}

function octal(block: Buffer, start: number, length: number): number | undefined {
  let i = start;
  const end = start + length;
  while (i < end && block[i] === 0x20) i++;
  let value = 0;
  for (; i < end; i++) {
    const digit = (block[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; i < end; i++) if (block[i] !== 0 && block[i] !== 0x20) return undefined;
  return value;
}

function base256(block: Buffer, start: number, length: number): number | undefined {
  const first = block[start] ?? 0;
  const isNegative = (first & 0x40) !== 0;
  let value = isNegative ? first - 0x100 : first & 0x3f;
  for (let i = start + 1; i < start + length; i++) {
    value = value * 256 + (block[i] ?? 0);
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return value;
}

/** What {@link encodeHeader} writes; numbers must fit their fields (see {@link fitsOctal}). */
export interface HeaderFields extends TarHeader {
  readonly prefix: string;
}

/** True when a number can stand in a field of `digits` octal digits. */
export function fitsOctal(value: number, digits: number): boolean {
  return value >= 0 && value < 8 ** digits;
}

/** A POSIX ustar header; the device fields are filled for devices only. */
export function encodeHeader(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(fields.name, 0, 100, 'latin1');
  writeOctal(block, fields.mode, 100, 7);
  writeOctal(block, fields.uid, 108, 7);
  writeOctal(block, fields.gid, 116, 7);
  writeOctal(block, fields.size, 124, 11);
  writeOctal(block, fields.mtime, 136, 11);
  block.write(fields.type, 156, 1, 'latin1');
  block.write(fields.linkName, 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 8, 'latin1');
  if (fields.type === TYPE.char || fields.type === TYPE.block) {
    writeOctal(block, fields.major, 329, 7);
    writeOctal(block, fields.minor, 337, 7);
  }
  block.write(fields.prefix, 345, 155, 'latin1');
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) sum += block[i] ?? 0;
  writeOctal(block, sum, 148, 6);
  block[155] = 0x20;
  return block;
}

function writeOctal(block: Buffer, value: number, start: number, digits: number): void {
  let rest = value;
  for (let i = start + digits - 1; i >= start; i--) {
    block[i] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

/** One wording for damage. @param offset bytes from the start of the archive. */
export function invalidArchive(what: string, offset: number, cause?: unknown): SlipwayError {
  return new SlipwayError('ARCHIVE_INVALID', `damaged archive: ${what} (at byte ${offset})`, {
    hint: 'fetch or make the archive again',
    detail: { offset },
    ...(cause === undefined ? {} : { cause }),
  });
}
