/**
 * bzip2 → plain bytes, streaming, every checksum verified. Our own because the packages that exist
 * hold a whole expanded block (up to 46 MB) as an array of numbers, or want all input at once. The
 * format has no written standard; this follows what bzip2 1.0 writes and refuses the rest.
 *
 * Blocks are cut by bits, not bytes, and do not say how long they are: one is decoded from what is
 * here, and again from its start when it needed more.
 */
import { Buffer } from 'node:buffer';
import { ArchiveBits, BitsMissing } from './bunzip2-bits.ts';
import { type BlockSymbols, readBlockSymbols } from './bunzip2-block.ts';
import { ByteReader } from './byte-reader.ts';
import { damagedCompression } from './compression-errors.ts';

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const LEVEL_BYTES = 100_000;
const OUTPUT_BYTES = 256 * 1024;
/** A little more than a block takes when it cannot be compressed. */
const READ_AHEAD_RATIO = 1.25;
/** No writer comes near: code lengths can be spelled wastefully, but not without end. */
const BLOCK_INPUT_MAX = 16 * 1024 * 1024;

/** The plain bytes of one or several bzip2 streams, zero bytes behind them ignored. @throws ARCHIVE_INVALID */
export async function* bunzip2(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using reader = new ByteReader(source);
  const input = new BlockInput(reader);
  const columns = new Columns();
  for (;;) {
    await input.fill(4);
    if (!input.startsStream()) break;
    yield* readStream(input, columns);
  }
  await input.expectEnd();
}

/**
 * What a block is decoded in, used again: pbzip2 writes a stream for each block, and hostile streams
 * are 14 bytes long.
 */
class Columns {
  #whole = new Uint32Array(0);

  of(blockBytes: number): Uint32Array {
    if (this.#whole.length < blockBytes) this.#whole = new Uint32Array(blockBytes);
    return this.#whole.subarray(0, blockBytes);
  }
}

async function* readStream(
  input: BlockInput,
  reused: Columns,
): AsyncGenerator<Uint8Array, void, undefined> {
  const level = (await input.decode((bits) => bits.read(32), 4)) - 0x425a6830;
  if (level < 1 || level > 9) throw damagedCompression('bzip2', 'unknown block size');
  const blockBytes = level * LEVEL_BYTES;
  const columns = reused.of(blockBytes);
  const ahead = Math.ceil(blockBytes * READ_AHEAD_RATIO);
  let streamCrc = 0;
  for (;;) {
    const head = await input.decode(readHead, 10);
    if (head.magic === END_MAGIC) {
      if (head.crc !== streamCrc) throw damagedCompression('bzip2', 'wrong checksum of the stream');
      input.alignToByte();
      return;
    }
    if (head.magic !== BLOCK_MAGIC) throw damagedCompression('bzip2', 'no block where one must be');
    const block = await input.decode((bits) => readBlockSymbols(bits, columns), ahead);
    const crc = yield* expand(columns, block);
    if (crc !== head.crc) throw damagedCompression('bzip2', 'wrong checksum of a block');
    streamCrc = ((streamCrc << 1) | (streamCrc >>> 31)) ^ crc;
    streamCrc >>>= 0;
  }
}

function readHead(bits: ArchiveBits): { readonly magic: number; readonly crc: number } {
  const magic = bits.read(24) * 2 ** 24 + bits.read(24);
  return { magic, crc: bits.read(32) };
}

/**
 * Undoes the Burrows-Wheeler transform, then the run lengths: four equal bytes are followed by a
 * count of more. @returns the checksum of what was yielded
 */
function* expand(
  columns: Uint32Array,
  { length, origin, counts }: BlockSymbols,
): Generator<Uint8Array, number, undefined> {
  linkColumns(columns, length, counts);
  let output = Buffer.allocUnsafe(OUTPUT_BYTES);
  let used = 0;
  let crc = 0xffffffff;
  let entry = columns[origin] ?? 0;
  let previous = -1;
  let run = 0;
  for (let left = length; left > 0; left--) {
    entry = columns[entry >>> 8] ?? 0;
    const byte = entry & 0xff;
    let copies = 1;
    let value = byte;
    if (run === 4) {
      copies = byte;
      value = previous;
      run = 0;
      previous = -1;
    } else if (byte === previous) {
      run++;
    } else {
      run = 1;
      previous = byte;
    }
    for (; copies > 0; copies--) {
      output[used++] = value;
      crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ value] ?? 0);
      if (used < OUTPUT_BYTES) continue;
      yield output;
      output = Buffer.allocUnsafe(OUTPUT_BYTES);
      used = 0;
    }
  }
  if (used > 0) yield output.subarray(0, used);
  return ~crc >>> 0;
}

/** Into the upper 24 bits of each entry: where the byte that follows stands. */
function linkColumns(columns: Uint32Array, length: number, counts: Uint32Array): void {
  const next = new Uint32Array(256);
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    next[byte] = sum;
    sum += counts[byte] ?? 0;
  }
  for (let i = 0; i < length; i++) {
    const byte = (columns[i] ?? 0) & 0xff;
    const at = next[byte] ?? 0;
    next[byte] = at + 1;
    columns[at] = (columns[at] ?? 0) | (i << 8);
  }
}

/** CRC-32 with the highest bit first, unlike zlib's. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** Compressed bytes in one piece, as many as a block may need. */
class BlockInput {
  readonly #reader: ByteReader;
  #bytes = Buffer.alloc(0);
  #bits = new ArchiveBits(this.#bytes, 0);
  #isEnded = false;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** Reads until `length` bytes are ahead, or all there are. */
  async fill(length: number): Promise<void> {
    const start = this.#bits.position >>> 3;
    const missing = length - (this.#bytes.length - start);
    if (missing <= 0 || this.#isEnded) return;
    const more = await this.#reader.read(missing);
    this.#isEnded = more.length < missing;
    this.#bytes = Buffer.concat([this.#bytes.subarray(start), more]);
    this.#bits = new ArchiveBits(this.#bytes, this.#bits.position & 7);
  }

  /** What `work` reads from here on; `ahead` bytes are a guess at what it needs. */
  async decode<Result>(work: (bits: ArchiveBits) => Result, ahead: number): Promise<Result> {
    for (let wanted = ahead; ; wanted *= 2) {
      // One more, because a block may start within a byte.
      await this.fill(wanted + 1);
      const start = this.#bits.position;
      try {
        return work(this.#bits);
      } catch (error) {
        if (!(error instanceof BitsMissing)) throw error;
        if (this.#isEnded || wanted > BLOCK_INPUT_MAX) {
          throw damagedCompression('bzip2', 'it ends within a block', error);
        }
        this.#bits = new ArchiveBits(this.#bytes, start);
      }
    }
  }

  startsStream(): boolean {
    return this.#rest().subarray(0, 3).equals(Buffer.from('BZh'));
  }

  alignToByte(): void {
    this.#bits = new ArchiveBits(this.#bytes, Math.ceil(this.#bits.position / 8) * 8);
  }

  /** Only zeros may follow: the padding of tapes. */
  async expectEnd(): Promise<void> {
    for (let rest: Buffer | undefined = this.#rest(); rest !== undefined; ) {
      if (rest.some((byte) => byte !== 0)) {
        throw damagedCompression('bzip2', 'something else follows the stream');
      }
      rest = await this.#reader.some(OUTPUT_BYTES);
    }
  }

  #rest(): Buffer {
    return this.#bytes.subarray(this.#bits.position >>> 3);
  }
}
