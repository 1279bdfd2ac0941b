/**
 * Sparse files in tars: GNU's old header type S and its pax dialects 0.0, 0.1 and 1.0 (GNU tar
 * manual §Storing Sparse Files). From the various maps to one checked list of data segments.
 */
import type { Buffer } from 'node:buffer';
import { SlipwayError } from '#core/errors.ts';
import type { ByteReader } from './byte-reader.ts';
import type { SparseSegment } from './entry.ts';
import { displayPath } from './entry-path.ts';
import { BLOCK, invalidArchive, numberField } from './tar-header.ts';

/** A sparse file's real size and where its stored bytes belong. */
export interface SparseMap {
  readonly size: number;
  readonly segments: readonly SparseSegment[];
}

/** Bounds memory and the time to cut such a file into chunks. */
const SEGMENTS_MAX = 262_144;
const OLD_ENTRY_BYTES = 24;

/** The map of a type S header and of the extension blocks that follow it. */
export async function readOldGnuMap(header: Buffer, reader: ByteReader): Promise<SparseMap> {
  const offset = reader.offset - BLOCK;
  const numbers: number[] = [];
  const size = numberField({ block: header, offset }, 483, 12);
  readOldEntries({ block: header, offset, start: 386, count: 4 }, numbers);
  let isExtended = header[482] !== 0;
  while (isExtended) {
    const at = reader.offset;
    const block = await reader.read(BLOCK);
    if (block.length < BLOCK) throw invalidArchive('it ends within a sparse map', reader.offset);
    readOldEntries({ block, offset: at, start: 0, count: 21 }, numbers);
    isExtended = block[504] !== 0;
  }
  return { size, segments: pairUp(numbers, offset) };
}

function readOldEntries(
  from: { block: Buffer; offset: number; start: number; count: number },
  numbers: number[],
): void {
  for (let i = 0; i < from.count; i++) {
    const at = from.start + i * OLD_ENTRY_BYTES;
    if (from.block[at] === 0 && from.block[at + 12] === 0) return;
    numbers.push(numberField(from, at, 12), numberField(from, at + 12, 12));
  }
  if (numbers.length > 2 * SEGMENTS_MAX) throw tooManySegments(from.offset);
}

/** The map in front of the content of a pax 1.0 sparse file: decimal lines, padded to a block. */
export async function readPax1Map(
  reader: ByteReader,
  storedSize: number,
): Promise<SparseSegment[]> {
  const offset = reader.offset;
  const numbers: number[] = [];
  let wanted = 1;
  let text = '';
  while (numbers.length < wanted) {
    if (reader.offset - offset + BLOCK > storedSize) {
      throw invalidArchive('a sparse map is longer than its file', offset);
    }
    const block = await reader.read(BLOCK);
    if (block.length < BLOCK) throw invalidArchive('it ends within a sparse map', reader.offset);
    const lines = (text + block.toString('latin1')).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (numbers.length === wanted) break;
      numbers.push(decimal(line, offset));
      wanted = 1 + 2 * (numbers[0] ?? 0);
      if (wanted > 2 * SEGMENTS_MAX) throw tooManySegments(offset);
    }
  }
  return pairUp(numbers.slice(1), offset);
}

/** The map of pax 0.1, one list with commas, or of 0.0 joined so. */
export function parseMapList(list: string, offset: number): SparseSegment[] {
  if (list === '') return [];
  const numbers = list.split(',', 2 * SEGMENTS_MAX + 1).map((text) => decimal(text, offset));
  if (numbers.length > 2 * SEGMENTS_MAX) throw tooManySegments(offset);
  return pairUp(numbers, offset);
}

function decimal(text: string, offset: number): number {
  const value = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalidArchive('a sparse map cannot be read', offset);
  }
  return value;
}

/** Empty segments only mark the end of the file and go. */
function pairUp(numbers: readonly number[], offset: number): SparseSegment[] {
  if (numbers.length % 2 !== 0) throw invalidArchive('a sparse map has an odd length', offset);
  const segments: SparseSegment[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    const segment = { offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 };
    if (segment.length > 0) segments.push(segment);
  }
  return segments;
}

/**
 * In order, apart, inside the file, and as long together as what is stored.
 * @throws ARCHIVE_INVALID; ENTRY_REFUSED for a segment that ends inside a block with more after it:
 * writers disagree whether the archive is padded there
 */
export function checkSparseMap(
  map: SparseMap,
  at: { readonly storedSize: number; readonly offset: number; readonly path: string },
): void {
  let end = 0;
  let stored = 0;
  for (const segment of map.segments) {
    if (segment.offset < end) throw invalidArchive('a sparse map is out of order', at.offset);
    if (stored % BLOCK !== 0) {
      throw new SlipwayError(
        'ENTRY_REFUSED',
        `sparse file ${displayPath(at.path)} has a data segment that is not a whole number of blocks`,
        { hint: 'make the archive without --sparse' },
      );
    }
    end = segment.offset + segment.length;
    stored += segment.length;
  }
  if (end > map.size) throw invalidArchive('a sparse map reaches past its file', at.offset);
  if (stored !== at.storedSize) {
    throw invalidArchive('a sparse map does not fit the stored size', at.offset);
  }
}

function tooManySegments(offset: number): SlipwayError {
  return invalidArchive(`a sparse map has more than ${SEGMENTS_MAX} segments`, offset);
}
