// Compression by content: our gzip against node:zlib and the gzip program, both ways; damage.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  constants,
  crc32,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import {
  compress,
  decompress,
  detectCompression,
  type WrittenCompression,
} from '#archive/compression.ts';
import { EXPANSION_BOUND } from '#archive/expansion.ts';
import { isSlipwayError } from '#core/errors.ts';
import { collect, streamOf } from '#test/helpers/entries.ts';
import { BZIP2_TEXT, PACKED_TEXT, XZ_TEXT, XZ_UNKNOWN } from '#test/helpers/packed-texts.ts';

/** Bytes that compress somewhat, the same on every run. */
function sample(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * i) >> (i % 7);
  return bytes;
}

const BLOCK = 512 * 1024;
const LENGTHS = [0, 1, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 12_345];

for (const length of LENGTHS) {
  test(`gzip of ${length} bytes is one member that zlib inflates`, async () => {
    const plain = sample(length);
    const packed = await collect(compress(streamOf(plain), 'gzip'));
    assert.ok(gunzipSync(packed).equals(plain));
    assert.equal(packed.readUInt32LE(packed.length - 8), crc32(plain));
    assert.equal(packed.readUInt32LE(packed.length - 4), length);
  });
}

test('the gzip program accepts ours', (t) => {
  if (spawnSync('gzip', ['--version']).error !== undefined) {
    t.skip('needs gzip: the program is not installed');
    return;
  }
  return collect(compress(streamOf(sample(3 * BLOCK + 7)), 'gzip')).then((packed) => {
    const checked = spawnSync('gzip', ['-t'], { input: packed });
    assert.equal(checked.stderr.toString(), '');
    assert.equal(checked.status, 0);
  });
});

for (const kind of ['gzip', 'zstd', 'none'] satisfies WrittenCompression[]) {
  test(`${kind}: the same bytes however the input is cut, and back again`, async () => {
    const plain = sample(2 * BLOCK + 99);
    const packed = await collect(compress(streamOf(plain, 1000), kind));
    assert.ok(packed.equals(await collect(compress(streamOf(plain, 700_001), kind))));
    assert.equal(detectCompression(packed), kind);
    assert.ok((await collect(decompress(streamOf(packed, 777)))).equals(plain));
  });
}

test('gzip is the same with one thread and with eight', () => {
  const script = `
    import { createHash } from 'node:crypto';
    import { compress } from ${JSON.stringify(import.meta.resolve('#archive/compression.ts'))};
    const block = Buffer.from(Array.from({ length: 100_003 }, (_, i) => (i * i) >> (i % 7)));
    async function* plain() { for (let i = 0; i < 40; i++) yield block; }
    const hash = createHash('sha256');
    for await (const chunk of compress(plain(), 'gzip')) hash.update(chunk);
    console.log(hash.digest('hex'));
  `;
  const [one, eight] = ['1', '8'].map((threads) =>
    execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      env: { ...process.env, UV_THREADPOOL_SIZE: threads },
    }).toString(),
  );
  assert.match(one ?? '', /^[0-9a-f]{64}\n$/);
  assert.equal(one, eight);
});

test('blocks profit from what came before them', async () => {
  const noise = Buffer.from(
    Array.from({ length: 16_384 }, (_, i) => (Math.imul(i ^ 0x5bd1, 0x9e3779b1) >>> 13) & 0xff),
  );
  const plain = Buffer.concat(Array.from({ length: 64 }, () => noise));
  const packed = await collect(compress(streamOf(plain), 'gzip'));
  assert.ok(packed.length < 1.01 * gzipSync(plain, { level: 4 }).length);
});

test('zstd has a checksum and other readers accept it', async () => {
  const plain = sample(100_000);
  const packed = await collect(compress(streamOf(plain), 'zstd'));
  assert.ok(zstdDecompressSync(packed).equals(plain));
  assert.equal((packed[4] ?? 0) & 4, 4);
});

test('members and frames may follow each other', async () => {
  const gzip = Buffer.concat([gzipSync('one '), gzipSync('two')]);
  assert.equal((await collect(decompress(streamOf(gzip)))).toString(), 'one two');
  const skippable = Buffer.from([0x51, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
  const zstd = Buffer.concat([
    skippable,
    zstdCompressSync('one '),
    skippable,
    zstdCompressSync('two'),
  ]);
  const inflated = collect(decompress(streamOf(zstd, 3)));
  // Node 24 cannot; then it must not look as if it could.
  if (Number.parseInt(process.versions.node, 10) >= 26) {
    assert.equal((await inflated).toString(), 'one two');
  } else {
    await assert.rejects(inflated, { code: 'COMPRESSION_UNKNOWN' });
  }
});

test('short and plain streams pass through', async () => {
  for (const plain of ['', 'a', 'BZ', 'hello, world']) {
    assert.equal((await collect(decompress(streamOf(Buffer.from(plain))))).toString(), plain);
  }
});

const PACKED = {
  gzip: gzipSync(PACKED_TEXT),
  zstd: zstdCompressSync(PACKED_TEXT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  xz: Buffer.from(XZ_TEXT, 'base64'),
  bzip2: Buffer.from(BZIP2_TEXT, 'base64'),
} as const;

for (const [kind, packed] of Object.entries(PACKED)) {
  test(`${kind}: read however it is cut, and several in a row`, async () => {
    assert.equal(detectCompression(packed), kind);
    for (const cut of [1, 13, packed.length]) {
      assert.equal((await collect(decompress(streamOf(packed, cut)))).toString(), PACKED_TEXT);
    }
    const twice = Buffer.concat([packed, packed]);
    assert.equal((await collect(decompress(streamOf(twice, 7)))).toString(), PACKED_TEXT.repeat(2));
  });

  test(`${kind}: cut anywhere, it is damage`, async () => {
    for (let length = 6; length < packed.length; length++) {
      await assert.rejects(collect(decompress(streamOf(packed.subarray(0, length)))), {
        code: 'ARCHIVE_INVALID',
      });
    }
  });

  test(`${kind}: with a bit changed, it is damage and never other content`, async () => {
    // Behind the headers of gzip and zstd: those have flags and times that mean nothing here.
    for (let bit = 8 * 10; bit < 8 * packed.length; bit += 3) {
      const changed = Buffer.from(packed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        const plain = await collect(decompress(streamOf(changed)));
        assert.equal(plain.toString(), PACKED_TEXT, `bit ${bit}`);
      } catch (error) {
        assert.ok(isSlipwayError(error, 'ARCHIVE_INVALID', 'COMPRESSION_UNKNOWN'), String(error));
      }
    }
  });
}

/** Random bytes, equal bytes, long runs and many symbols: what a coder treats differently. */
const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['runs of 1 to 300', Buffer.concat(Array.from({ length: 300 }, (_, i) => Buffer.alloc(i, i)))],
  ['5 MB of zeros', Buffer.alloc(5_000_000)],
  ['2.5 MB of noise', randomBytes(2_500_000)],
  ['1 MB of what compresses somewhat', sample(1_000_000)],
];

for (const program of ['xz', 'bzip2']) {
  for (const [what, plain] of CONTENTS) {
    test(`${what}, compressed by the ${program} program`, async (t) => {
      const made = spawnSync(program, ['-c'], { input: plain, maxBuffer: 2 ** 26 });
      if (made.error !== undefined) {
        t.skip(`needs ${program}: the program is not installed`);
        return;
      }
      assert.ok((await collect(decompress(streamOf(made.stdout, 10_007)))).equals(plain));
    });
  }
}

test('the zeros of a tape may follow bzip2, and nothing else', async () => {
  const padded = Buffer.concat([PACKED.bzip2, Buffer.alloc(10_000)]);
  assert.equal((await collect(decompress(streamOf(padded, 100)))).toString(), PACKED_TEXT);
  const more = Buffer.concat([PACKED.bzip2, Buffer.from('more')]);
  await assert.rejects(collect(decompress(streamOf(more))), { code: 'ARCHIVE_INVALID' });
});

for (const [what, packed] of Object.entries(XZ_UNKNOWN)) {
  test(`xz with ${what} is refused by name`, async () => {
    await assert.rejects(collect(decompress(streamOf(Buffer.from(packed, 'base64')))), {
      code: 'COMPRESSION_UNKNOWN',
      message: new RegExp(what),
      hint: /xz -d/,
    });
  });
}

test('an xz stream may be left at any chunk', async () => {
  const chunks = await Array.fromAsync(decompress(streamOf(PACKED.xz)));
  for (const [last] of chunks.entries()) {
    let at = 0;
    for await (const chunk of decompress(streamOf(PACKED.xz))) {
      // The decoder works ahead.
      await setImmediate();
      assert.deepEqual(chunk, chunks[at]);
      if (at++ === last) break;
    }
    assert.equal(at, last + 1);
  }
});

test('many empty bzip2 streams are nothing, and the text behind them is read', async () => {
  const empty = Buffer.from('QlpoORdyRThQkAAAAAA=', 'base64');
  const packed = Buffer.concat([...Array.from({ length: 1000 }, () => empty), PACKED.bzip2]);
  assert.equal((await collect(decompress(streamOf(packed)))).toString(), PACKED_TEXT);
});

test('several xz streams are read at once, and one that is left does not hold up the others', async () => {
  for await (const _ of decompress(streamOf(PACKED.xz))) break;
  await assert.rejects(collect(decompress(streamOf(PACKED.xz.subarray(0, 60)))));
  const texts = await Promise.all(
    Array.from({ length: 3 }, () => collect(decompress(streamOf(PACKED.xz)))),
  );
  for (const text of texts) assert.equal(text.toString(), PACKED_TEXT);
});

test('what expands beyond the bound is refused before it is handed out', async () => {
  const bound = { freeBytes: 1_000_000, ratio: 1100 };
  const packed = zstdCompressSync(Buffer.alloc(20_000_000));
  let got = 0;
  const reading = async (): Promise<void> => {
    for await (const chunk of decompress(streamOf(packed), { bound })) got += chunk.length;
  };
  await assert.rejects(reading(), { code: 'EXPANSION_REFUSED', hint: /1100 bytes for one/ });
  assert.ok(got <= 1_000_000);
});

test('zeros in gzip and 2 GB of zeros in zstd are no bomb, 5 GB of zeros in zstd are', async () => {
  const bound = { freeBytes: 0, ratio: EXPANSION_BOUND.ratio };
  const zeros = Buffer.alloc(20_000_000);
  const gzip = gzipSync(zeros, { level: 9 });
  assert.ok((await collect(decompress(streamOf(gzip, 1000), { bound }))).equals(zeros));
  const frame = zstdCompressSync(Buffer.alloc(128 * 1024 * 1024));
  let size = 0;
  const expanding = async (): Promise<void> => {
    for await (const { length } of decompress(streamOf(Buffer.concat(Array(40).fill(frame))))) {
      size += length;
    }
  };
  await assert.rejects(expanding(), { code: 'EXPANSION_REFUSED' });
  assert.ok(size > 2 ** 31);
});

test('an error of the source comes out as it is', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(sample(300_000)).subarray(0, 1000);
    throw new RangeError('the source broke');
  }
  await assert.rejects(collect(decompress(failing())), RangeError);
  for (const kind of ['gzip', 'zstd'] as const) {
    await assert.rejects(collect(compress(failing(), kind)), RangeError);
  }
});

test('an aborted signal stops it', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(collect(compress(streamOf(sample(BLOCK)), 'gzip', { signal })), {
    name: 'AbortError',
  });
  await assert.rejects(collect(decompress(streamOf(gzipSync('x')), { signal })), {
    name: 'AbortError',
  });
});

test('leaving early ends cleanly', async () => {
  for await (const chunk of compress(streamOf(sample(8 * BLOCK)), 'gzip')) {
    assert.ok(chunk.length > 0);
    break;
  }
  for await (const chunk of decompress(streamOf(zstdCompressSync(sample(8 * BLOCK))))) {
    assert.ok(chunk.length > 0);
    break;
  }
});
