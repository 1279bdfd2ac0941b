/**
 * Compression of layers and archives, by content and never by name. Gzip is written in blocks that
 * are compressed in parallel: each block is a raw deflate stream with the 32 KiB before it as
 * dictionary, ended by a sync flush, so that the blocks together are one ordinary gzip member
 * (RFC 1952). The block size and level are fixed, so equal input gives equal bytes on every machine.
 */
import { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  constants,
  crc32,
  createGunzip,
  createZstdCompress,
  createZstdDecompress,
  deflateRaw,
} from 'node:zlib';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { bunzip2 } from './bunzip2.ts';
import { ByteReader } from './byte-reader.ts';
import { damagedCompression } from './compression-errors.ts';
import { checkExpansion, type ExpansionBound } from './expansion.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';
/** What Slipway writes. */
export type WrittenCompression = 'none' | 'gzip' | 'zstd';

export interface CompressionOptions {
  readonly signal?: AbortSignal;
}

export interface DecompressOptions extends CompressionOptions {
  /** Default: EXPANSION_BOUND. */
  readonly bound?: ExpansionBound;
}

const BLOCK_BYTES = 512 * 1024;
/** Three percent larger than level 6 for half the time (bench/results/2026-11-28-pull-push.md). */
const GZIP_LEVEL = 4;
const WINDOW_BYTES = 32 * 1024;
/** zlib's pool has four threads; more blocks at once only cost memory. */
const BLOCKS_AHEAD = 4;
const ZSTD_LEVEL = 3;
const OUTPUT_CHUNK_BYTES = 256 * 1024;
/** Magic, deflate, no flags, no time, no extra flags, unknown system: nothing of the machine. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty last block with fixed codes ends a deflate stream. */
const DEFLATE_END = Buffer.from([0x03, 0x00]);

const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];
/** How many bytes {@link detectCompression} wants to see. */
export const MAGIC_BYTES = 6;

/** What the first bytes (six are enough) say; 'none' for anything unknown. */
export function detectCompression(head: Uint8Array): Compression {
  for (const [name, magic] of MAGICS) {
    if (magic.every((byte, i) => head[i] === byte)) return name;
  }
  // zstd's skippable frames: 0x184D2A5x.
  const isSkippable = head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return isSkippable && ((head[0] ?? 0) & 0xf0) === 0x50 ? 'zstd' : 'none';
}

/**
 * The plain bytes of a stream, whatever it is compressed with; gzip members, zstd frames and the
 * streams of xz and bzip2 may follow each other. All checksums are verified, but the content is
 * handed out before the one at its end was read.
 * @throws ARCHIVE_INVALID damaged or cut; EXPANSION_REFUSED; COMPRESSION_UNKNOWN for rare kinds of xz
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  await using reader = new ByteReader(source);
  const head = await reader.read(MAGIC_BYTES);
  const compression = detectCompression(head);
  const whole = joined(head, reader, options.signal);
  if (compression === 'none') return yield* whole;
  let expanded = 0;
  for await (const chunk of expand(compression, whole, options)) {
    expanded += chunk.length;
    checkExpansion({ given: reader.offset, expanded }, options.bound);
    yield chunk;
  }
}

function expand(
  compression: Exclude<Compression, 'none'>,
  source: AsyncIterable<Uint8Array>,
  options: CompressionOptions,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'gzip':
      return inflate(
        'gzip',
        through(source, createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES }), options),
      );
    case 'zstd':
      return inflateZstd(source, options);
    case 'xz':
      return inflateXz(source);
    case 'bzip2':
      return bunzip2(source);
  }
}

async function* joined(
  head: Buffer,
  reader: ByteReader,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (head.length > 0) yield head;
  for (;;) {
    signal?.throwIfAborted();
    const chunk = await reader.some(Number.MAX_SAFE_INTEGER);
    if (chunk === undefined) return;
    yield chunk;
  }
}

/**
 * Before Node 26 the stream ends with its first frame and says nothing; then the frames behind it
 * are refused rather than lost.
 */
async function* inflateZstd(
  source: AsyncIterable<Uint8Array>,
  options: CompressionOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let given = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      given += chunk.length;
      yield chunk;
    }
  }
  const transform = createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES });
  yield* inflate('zstd', through(counted(), transform, options));
  if (transform.bytesWritten < given) {
    throw new SlipwayError('COMPRESSION_UNKNOWN', 'this Node reads only one frame of zstd data', {
      hint: 'run Slipway on Node 26, or compress again in one frame',
      detail: { read: transform.bytesWritten, given },
    });
  }
}

/** Its package is loaded when the first xz comes: it brings a WebAssembly module. */
async function* inflateXz(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { unxz } = await import('./unxz.ts');
  yield* unxz(source);
}

/** Errors of zlib get our name. */
async function* inflate(
  codec: 'gzip' | 'zstd',
  plain: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* plain;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw error;
    throw damagedCompression(codec, code, error);
  }
}

/**
 * Compresses a stream, the same bytes for the same input and level.
 * gzip: level 4 unless said, parallel; zstd: level 3 unless said, with checksum; none: as it is.
 */
export async function* compress(
  source: AsyncIterable<Uint8Array>,
  compression: WrittenCompression,
  options: CompressionOptions & { readonly level?: number | undefined } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { level } = options;
  switch (compression) {
    case 'none':
      return yield* source;
    case 'gzip':
      return yield* gzipInBlocks(source, { ...options, level: level ?? GZIP_LEVEL });
    case 'zstd':
      // In fixed blocks: zstd's choices depend on how its input is cut.
      return yield* through(
        inBlocks(source),
        createZstdCompress({
          chunkSize: OUTPUT_CHUNK_BYTES,
          params: {
            [constants.ZSTD_c_compressionLevel]: level ?? ZSTD_LEVEL,
            [constants.ZSTD_c_checksumFlag]: 1,
          },
        }),
        options,
      );
  }
}

/** Errors of the source come out as they are. */
async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  { signal }: CompressionOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const done = pipeline(source, transform, signal === undefined ? {} : { signal });
  // Whatever goes wrong also destroys the transform, so the loop below throws it.
  const settled = done.catch(() => undefined);
  try {
    yield* transform;
  } finally {
    transform.destroy();
    await settled;
  }
}

const deflateBlock = promisify<Buffer, object, Buffer>(deflateRaw);

async function* gzipInBlocks(
  source: AsyncIterable<Uint8Array>,
  { signal, level }: CompressionOptions & { readonly level: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  yield GZIP_HEADER;
  const pending: Promise<Buffer>[] = [];
  let crc = 0;
  let size = 0;
  let before: Buffer | undefined;
  try {
    for await (const block of inBlocks(source, inTurns(BLOCKS_AHEAD + 1))) {
      signal?.throwIfAborted();
      crc = crc32(block, crc);
      size += block.length;
      pending.push(deflate(block, { level, before }));
      before = block.subarray(Math.max(0, block.length - WINDOW_BYTES));
      if (pending.length >= BLOCKS_AHEAD) yield await (pending.shift() ?? DEFLATE_END);
    }
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) yield await next;
  } finally {
    // The source failed or the reader left: let the pool finish with our buffers.
    await Promise.allSettled(pending);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([DEFLATE_END, trailer]);
}

/**
 * The stream cut into blocks of one size, the last one shorter. Each block is a copy: the source
 * may reuse its chunks while the pool still compresses.
 */
async function* inBlocks(
  source: AsyncIterable<Uint8Array>,
  next: () => Buffer = newBlock,
): AsyncGenerator<Buffer> {
  let block = next();
  let used = 0;
  for await (let chunk of source) {
    while (chunk.length > 0) {
      const part = chunk.subarray(0, BLOCK_BYTES - used);
      block.set(part, used);
      used += part.length;
      chunk = chunk.subarray(part.length);
      if (used < BLOCK_BYTES) continue;
      yield block;
      block = next();
      used = 0;
    }
  }
  if (used > 0) yield block.subarray(0, used);
}

function newBlock(): Buffer {
  return Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** So many blocks again and again: those being compressed, and the one being filled. */
function inTurns(count: number): () => Buffer {
  const blocks: Buffer[] = [];
  return () => {
    const block = blocks.length < count ? newBlock() : (blocks.shift() ?? newBlock());
    blocks.push(block);
    return block;
  };
}

function deflate(
  block: Buffer,
  { level, before }: { readonly level: number; readonly before: Buffer | undefined },
): Promise<Buffer> {
  const result = deflateBlock(block, {
    level,
    memLevel: 9,
    finishFlush: constants.Z_SYNC_FLUSH,
    chunkSize: OUTPUT_CHUNK_BYTES,
    ...(before === undefined ? {} : { dictionary: before }),
  });
  // Awaited in order later; a failure in between must not count as unhandled.
  result.catch(() => undefined);
  return result;
}
