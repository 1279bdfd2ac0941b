/**
 * xz → plain bytes, by xz-decompress: the decoder of the Linux kernel as WebAssembly. It verifies
 * CRC-32 and CRC-64 and the index, and reads several streams in a row. What it cannot read is known
 * from the first headers (xz file format §2.1.1, §3.1), so that it is refused by name.
 */
import { Buffer } from 'node:buffer';
import { ReadableStream } from 'node:stream/web';
import XzDecompress from 'xz-decompress';
import { SlipwayError } from '#core/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { damagedCompression } from './compression-errors.ts';

const STREAM_HEADER_BYTES = 12;
const LZMA2 = 0x21;
/** 64 MiB, what `xz -9` uses: the dictionary is held in memory. */
const DICTIONARY_MAX = 28;
/** None, CRC-32, CRC-64. */
const CHECKS: ReadonlySet<number> = new Set([0, 1, 4]);

/**
 * The decoders of a process share one WebAssembly memory, and the package lets one run at a time but
 * loses count when a waiting one is cancelled: so they wait here.
 */
let lane: Promise<void> = Promise.resolve();

/**
 * The plain bytes of one or several xz streams. One at a time in a process: read it to its end or
 * return it. What the source throws comes out as it is.
 * @throws ARCHIVE_INVALID damaged or cut; COMPRESSION_UNKNOWN for SHA-256 checks, filters other than
 * LZMA2 and dictionaries over 64 MiB
 */
export async function* unxz(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const before = lane;
  const { promise: done, resolve: leave } = Promise.withResolvers<void>();
  lane = before.then(() => done);
  await before;
  const input = checkedInput(source);
  const failed: { error?: unknown } = {};
  let isHanded = false;
  try {
    const plain = new XzDecompress.XzReadableStream(ReadableStream.from(noting(input, failed)));
    for await (const chunk of plain) {
      isHanded = true;
      yield chunk;
      isHanded = false;
    }
  } catch (error) {
    // The reader left before the last chunk: the decoder is done by then and fails to be let go again.
    if (isHanded) return;
    if ('error' in failed) throw failed.error;
    throw damagedCompression('xz', 'the decoder refused it', error);
  } finally {
    // Where the decoder failed it leaves its input open.
    await input.return();
    leave();
  }
}

async function* noting(
  input: AsyncIterable<Uint8Array>,
  failed: { error?: unknown },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* input;
  } catch (error) {
    failed.error = error;
    throw error;
  }
}

/** The source as it is, its first headers looked at. */
async function* checkedInput(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using reader = new ByteReader(source);
  // The stream's header and the size of the first block's.
  const start = await reader.read(STREAM_HEADER_BYTES + 1);
  const size = start[STREAM_HEADER_BYTES] ?? 0;
  const block = await reader.read(size * 4 + 3);
  if (block.length === size * 4 + 3) checkHeaders(start, block);
  yield Buffer.concat([start, block]);
  for (;;) {
    const piece = await reader.some(Number.MAX_SAFE_INTEGER);
    if (piece === undefined) return;
    yield piece;
  }
}

/** `block`: the first block's header without its first byte. Damage is left to the decoder. */
function checkHeaders(stream: Buffer, block: Buffer): void {
  const check = stream[7] ?? 0;
  if (!CHECKS.has(check)) throw unknown(check === 10 ? 'a SHA-256 check' : `check ${check}`);
  // No block: an empty file.
  if ((stream[STREAM_HEADER_BYTES] ?? 0) === 0) return;
  const flags = block[0] ?? 0;
  let at = 1;
  for (const isThere of [flags & 0x40, flags & 0x80]) if (isThere) at = afterNumber(block, at);
  if ((flags & 3) !== 0 || block[at] !== LZMA2) throw unknown('a filter before LZMA2');
  if ((block[at + 2] ?? 0) > DICTIONARY_MAX) throw unknown('a dictionary of more than 64 MiB');
}

/** Numbers are 7 bits a byte, the highest bit set in all but the last. */
function afterNumber(bytes: Buffer, at: number): number {
  let end = at;
  while (((bytes[end] ?? 0) & 0x80) !== 0) end++;
  return end + 1;
}

function unknown(what: string): SlipwayError {
  return new SlipwayError('COMPRESSION_UNKNOWN', `xz data with ${what} is not supported`, {
    hint: 'decompress it first with xz -d, or compress again with plain xz',
    detail: { compression: 'xz' },
  });
}
