/**
 * The inner part of a bzip2 block: Huffman codes, move-to-front and zero runs, down to the bytes of
 * the Burrows-Wheeler transform. Every number is checked: what is read comes from outside.
 */
import type { ArchiveBits } from './bunzip2-bits.ts';
import { damagedCompression } from './compression-errors.ts';

const GROUP_SYMBOLS = 50;
const CODE_BITS_MAX = 20;
/** Writers make at most 18,002; some pad the list, so more are read and never used. */
const SELECTORS_MAX = 18_002;
const RUN_A = 0;
const RUN_B = 1;
/** Longer runs do not fit any block. */
const RUN_MAX = 2 ** 21;

/** What is known of a block when its bytes stand in the lower 8 bits of the columns. */
export interface BlockSymbols {
  readonly length: number;
  /** Where the text starts. */
  readonly origin: number;
  /** How often each byte occurs. */
  readonly counts: Uint32Array;
}

interface HuffmanTable {
  /** For codes of n bits, aligned to 20: the first value that is not one of them. */
  readonly limits: Int32Array;
  /** Index of a code of n bits = its value − bases[n]. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
  readonly shortest: number;
}

/** Reads what follows a block's checksum. @throws ARCHIVE_INVALID; BitsMissing */
export function readBlockSymbols(bits: ArchiveBits, columns: Uint32Array): BlockSymbols {
  if (bits.read(1) !== 0) throw damagedCompression('bzip2', 'randomised blocks are obsolete');
  const origin = bits.read(24);
  const alphabet = readAlphabet(bits);
  const tableCount = bits.read(3);
  if (tableCount < 2 || tableCount > 6)
    throw damagedCompression('bzip2', 'a wrong number of codes');
  const selectors = readSelectors(bits, tableCount);
  const tables = Array.from({ length: tableCount }, () => readTable(bits, alphabet.length + 2));
  const { length, counts } = readSymbols({ bits, columns, alphabet, selectors, tables });
  if (origin >= length) throw damagedCompression('bzip2', 'a block starts outside itself');
  return { length, origin, counts };
}

/** The bytes that occur, as a map of 16 × 16 bits. */
function readAlphabet(bits: ArchiveBits): Uint8Array {
  const rows = bits.read(16);
  const bytes: number[] = [];
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >>> row)) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++) {
      if ((columns & (0x8000 >>> column)) !== 0) bytes.push(row * 16 + column);
    }
  }
  if (bytes.length === 0) throw damagedCompression('bzip2', 'a block without bytes');
  return Uint8Array.from(bytes);
}

/** Which table each group of 50 symbols uses, move-to-front coded. */
function readSelectors(bits: ArchiveBits, tableCount: number): Uint8Array {
  const count = bits.read(15);
  if (count === 0) throw damagedCompression('bzip2', 'a block without codes');
  const selectors = new Uint8Array(Math.min(count, SELECTORS_MAX));
  const order = new Uint8Array(tableCount).map((_, index) => index);
  for (let i = 0; i < count; i++) {
    let place = 0;
    while (bits.read(1) === 1) {
      place++;
      if (place >= tableCount) throw damagedCompression('bzip2', 'a code that is not there');
    }
    const table = order[place] ?? 0;
    order.copyWithin(1, 0, place);
    order[0] = table;
    if (i < SELECTORS_MAX) selectors[i] = table;
  }
  return selectors;
}

function readTable(bits: ArchiveBits, symbolCount: number): HuffmanTable {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (;;) {
      if (length < 1 || length > CODE_BITS_MAX) {
        throw damagedCompression('bzip2', 'a code of a wrong length');
      }
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return tableOf(lengths);
}

/** Canonical codes: of equal length in the order of the symbols. */
function tableOf(lengths: Uint8Array): HuffmanTable {
  const limits = new Int32Array(CODE_BITS_MAX + 2);
  const bases = new Int32Array(CODE_BITS_MAX + 2);
  const symbols = new Uint16Array(lengths.length);
  const shortest = Math.min(...lengths);
  let code = 0;
  let index = 0;
  for (let size = shortest; size <= CODE_BITS_MAX; size++) {
    bases[size] = code - index;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== size) continue;
      symbols[index++] = symbol;
      code++;
    }
    limits[size] = code << (CODE_BITS_MAX - size);
    code <<= 1;
  }
  return { limits, bases, symbols, shortest };
}

interface SymbolSource {
  readonly bits: ArchiveBits;
  readonly columns: Uint32Array;
  readonly alphabet: Uint8Array;
  readonly selectors: Uint8Array;
  readonly tables: readonly HuffmanTable[];
}

function readSymbols(source: SymbolSource): { length: number; counts: Uint32Array } {
  const { bits, columns, alphabet, selectors, tables } = source;
  const end = alphabet.length + 1;
  const front = Uint8Array.from(alphabet);
  const counts = new Uint32Array(256);
  let length = 0;
  let run = 0;
  let runDigit = 1;
  for (let group = 0; ; group++) {
    const table = tables[selectors[group] ?? -1];
    if (table === undefined) throw damagedCompression('bzip2', 'a block without end');
    for (let i = 0; i < GROUP_SYMBOLS; i++) {
      const symbol = readSymbol(bits, table);
      if (symbol === RUN_A || symbol === RUN_B) {
        run += runDigit << symbol;
        runDigit *= 2;
        if (run > RUN_MAX) throw damagedCompression('bzip2', 'a block that is too long');
        continue;
      }
      if (run > 0) {
        const byte = front[0] ?? 0;
        if (length + run > columns.length) {
          throw damagedCompression('bzip2', 'a block that is too long');
        }
        columns.fill(byte, length, length + run);
        counts[byte] = (counts[byte] ?? 0) + run;
        length += run;
        run = 0;
        runDigit = 1;
      }
      if (symbol === end) return { length, counts };
      if (length >= columns.length) throw damagedCompression('bzip2', 'a block that is too long');
      const byte = moveToFront(front, symbol - 1);
      columns[length++] = byte;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
  }
}

/** By hand where few bytes move: there copyWithin costs more. */
function moveToFront(front: Uint8Array, place: number): number {
  const byte = front[place] ?? 0;
  if (place > 16) front.copyWithin(1, 0, place);
  else for (let at = place; at > 0; at--) front[at] = front[at - 1] ?? 0;
  front[0] = byte;
  return byte;
}

function readSymbol(bits: ArchiveBits, table: HuffmanTable): number {
  const ahead = bits.peek(CODE_BITS_MAX);
  let size = table.shortest;
  while (size <= CODE_BITS_MAX && ahead >= (table.limits[size] ?? 0)) size++;
  const index = (ahead >>> (CODE_BITS_MAX - size)) - (table.bases[size] ?? 0);
  const symbol = size > CODE_BITS_MAX ? undefined : table.symbols[index];
  if (symbol === undefined) throw damagedCompression('bzip2', 'a code that means nothing');
  bits.skip(size);
  return symbol;
}
