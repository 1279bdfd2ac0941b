// Compression by content: our gzip against node:zlib and the gzip program, both ways; damage.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { crc32, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  compress,
  decompress,
  detectCompression,
  type WrittenCompression,
} from '#archive/compression.ts';
import { collect, streamOf } from '#test/helpers/entries.ts';

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

test('blocks profit from what came before them', async () => {
  const noise = Buffer.from(
    Array.from({ length: 16_384 }, (_, i) => (Math.imul(i ^ 0x5bd1, 0x9e3779b1) >>> 13) & 0xff),
  );
  const plain = Buffer.concat(Array.from({ length: 64 }, () => noise));
  const packed = await collect(compress(streamOf(plain), 'gzip'));
  assert.ok(packed.length < 1.01 * gzipSync(plain, { level: 6 }).length);
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

test('xz and bzip2 are recognised and refused by name', async () => {
  const xz = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2]);
  await assert.rejects(collect(decompress(streamOf(xz))), {
    code: 'COMPRESSION_UNKNOWN',
    hint: /xz -d/,
  });
  await assert.rejects(collect(decompress(streamOf(Buffer.from('BZh91AY')))), {
    code: 'COMPRESSION_UNKNOWN',
    hint: /bzip2 -d/,
  });
});

test('short and plain streams pass through', async () => {
  for (const plain of ['', 'a', 'BZ', 'hello, world']) {
    assert.equal((await collect(decompress(streamOf(Buffer.from(plain))))).toString(), plain);
  }
});

for (const [kind, packed] of [
  ['gzip', gzipSync(sample(50_000))],
  ['zstd', zstdCompressSync(sample(50_000))],
] as const) {
  test(`${kind}: cut or changed data are refused`, async () => {
    for (const length of [8, packed.length >> 1, packed.length - 1]) {
      await assert.rejects(collect(decompress(streamOf(packed.subarray(0, length)))), {
        code: 'ARCHIVE_INVALID',
      });
    }
    const changed = Buffer.from(packed);
    const middle = packed.length >> 1;
    changed[middle] = (changed[middle] ?? 0) ^ 0xff;
    if (kind === 'gzip') {
      await assert.rejects(collect(decompress(streamOf(changed))), { code: 'ARCHIVE_INVALID' });
    }
  });
}

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
