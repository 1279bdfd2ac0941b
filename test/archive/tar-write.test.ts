// What we write, to the byte, and that other readers (GNU tar, tar-stream) agree.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import type { EntrySource } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import { encodeEntryHeaders, TarWriter } from '#archive/tar-write.ts';
import {
  collect,
  device,
  directory,
  fifo,
  file,
  hardlink,
  name,
  streamOf,
  symlink,
  tarOf,
} from '#test/helpers/entries.ts';

/** A text field of a header. */
function field(block: Buffer, start: number, length: number): string {
  return block.toString('latin1', start, start + length);
}

function headerOf(source: EntrySource): Buffer {
  return encodeEntryHeaders(source.entry);
}

test('an ordinary file is one block, every field as the format says', () => {
  const given = {
    mode: 0o4755,
    uid: 1000,
    gid: 100,
    mtime: { seconds: 1_700_000_000, nanoseconds: 5 },
  };
  const block = headerOf(file('dir/name', 'hello', given));
  assert.equal(block.length, 512);
  assert.equal(field(block, 0, 100), 'dir/name'.padEnd(100, '\0'));
  assert.equal(field(block, 100, 8), '0004755\0');
  assert.equal(field(block, 108, 8), '0001750\0');
  assert.equal(field(block, 116, 8), '0000144\0');
  assert.equal(field(block, 124, 12), '00000000005\0');
  assert.equal(field(block, 136, 12), '14524770400\0');
  assert.match(field(block, 148, 8), /^[0-7]{6}\0 $/);
  assert.equal(field(block, 156, 1), '0');
  assert.equal(field(block, 157, 100), '\0'.repeat(100));
  assert.equal(field(block, 257, 8), 'ustar\x0000');
  assert.equal(field(block, 265, 247), '\0'.repeat(247));
});

test('devices fill their fields', () => {
  const block = headerOf(device('null', { kind: 'char', major: 1, minor: 3 }));
  assert.equal(field(block, 156, 1), '3');
  assert.equal(field(block, 329, 16), '0000001\x000000003\0');
});

test('a directory ends in a slash and the root is ./', () => {
  assert.equal(field(headerOf(directory('a/b')), 0, 5), 'a/b/\0');
  assert.equal(field(headerOf(directory('')), 0, 3), './\0');
});

test('a long name is split at the last slash that leaves 155 bytes in front', () => {
  const long = `${'a'.repeat(60)}/${'b'.repeat(60)}/${'c'.repeat(60)}`;
  const block = headerOf(file(long));
  assert.equal(block.length, 512);
  assert.equal(field(block, 345, 122), `${'a'.repeat(60)}/${'b'.repeat(60)}\0`);
  assert.equal(field(block, 0, 61), `${'c'.repeat(60)}\0`);
});

test('a name that cannot be split is a pax path', () => {
  const long = 'a'.repeat(101);
  const blocks = headerOf(file(long));
  assert.equal(blocks.length, 3 * 512);
  assert.equal(field(blocks, 0, 15), '././@PaxHeader\0');
  assert.equal(field(blocks, 100, 8), '0000644\0');
  assert.equal(field(blocks, 156, 1), 'x');
  assert.equal(field(blocks, 512, 112), `111 path=${long}\n\0`);
  assert.equal(field(blocks, 1024, 100), 'a'.repeat(100));
});

test('what does not fit becomes a sorted pax record and 0', () => {
  const blocks = headerOf(
    file('f', '', {
      uid: 4_000_000_000,
      gid: 2_097_152,
      mtime: { seconds: -5, nanoseconds: 0 },
      xattrs: { 'user.b': '2', 'user.a': '1' },
    }),
  );
  assert.equal(
    field(blocks, 512, 120).replace(/\0+$/, ''),
    '25 SCHILY.xattr.user.a=1\n25 SCHILY.xattr.user.b=2\n15 gid=2097152\n12 mtime=-5\n18 uid=4000000000\n',
  );
  assert.equal(field(blocks, 1024 + 108, 8), '0000000\0');
  assert.equal(field(blocks, 1024 + 136, 12), '00000000000\0');
});

test('the limits of the octal fields need no pax header', () => {
  const most = { uid: 2_097_151, gid: 2_097_151, mtime: { seconds: 8 ** 11 - 1, nanoseconds: 0 } };
  assert.equal(headerOf(file('f', '', most)).length, 512);
});

test('a file of 8 GiB has a pax size', () => {
  const { entry } = file('f');
  assert.equal(encodeEntryHeaders({ ...entry, kind: 'file', size: 8 ** 11 - 1 }).length, 512);
  const blocks = encodeEntryHeaders({ ...entry, kind: 'file', size: 8 ** 11 });
  assert.equal(field(blocks, 512, 19), '19 size=8589934592\n');
});

test('a name that is not UTF-8 stays as it is, and is a record beside other records', () => {
  const path = name(Buffer.from([0x61, 0xff]));
  const { entry } = file('f');
  assert.equal(field(encodeEntryHeaders({ ...entry, path }), 0, 3), 'a\xff\0');
  const xattrs = new Map([[name('user.x'), Buffer.from([0, 10, 61])]]);
  const blocks = encodeEntryHeaders({ ...entry, path, xattrs });
  assert.equal(field(blocks, 512, 38), '27 SCHILY.xattr.user.x=\0\n=\n11 path=a\xff\n');
});

test('an xattr name with an equals sign is refused', () => {
  assert.throws(() => headerOf(file('f', '', { xattrs: { 'user.a=b': '1' } })), {
    code: 'ENTRY_REFUSED',
  });
});

test('the archive ends with two zero blocks and nothing else', async () => {
  assert.ok((await tarOf([])).equals(Buffer.alloc(1024)));
  assert.equal((await tarOf([file('a', 'x'.repeat(513))])).length, 512 + 1024 + 1024);
});

test('add says where the content starts', async () => {
  const writer = new TarWriter(async () => undefined);
  assert.deepEqual(await writer.add(file('a', 'x')), { dataOffset: 512 });
  assert.deepEqual(await writer.add(file('b', 'x', { xattrs: { 'user.a': '1' } })), {
    dataOffset: 1024 + 3 * 512,
  });
  await writer.finish();
  assert.equal(writer.size, 1024 + 4 * 512 + 1024);
});

for (const [what, content] of [
  ['less', 'abc'],
  ['more', 'abcdefgh'],
] as const) {
  test(`content with ${what} bytes than the size is refused`, async () => {
    const { entry } = file('f', 'abcde');
    const writer = new TarWriter(async () => undefined);
    await assert.rejects(writer.add({ entry, content: () => [Buffer.from(content)] }), {
      code: 'SIZE_MISMATCH',
    });
  });
}

test('content far larger than the buffer, in large and small pieces', async () => {
  const big = Buffer.alloc(1_000_000, 'abcdefg');
  const { entry } = file('big', big);
  const pieces = [big.subarray(0, 1), big.subarray(1, 700_000), big.subarray(700_000)];
  const tar = await tarOf([
    { entry, content: () => streamOf(big, 999) },
    { entry, content: () => pieces },
  ]);
  for await (const { content } of readTar(streamOf(tar))) {
    assert.ok((await collect(content())).equals(big));
  }
});

const SAMPLES: readonly EntrySource[] = [
  directory('d', { mode: 0o1777 }),
  file('d/f', 'content\n', { mode: 0o4755, uid: 5, gid: 6 }),
  file('d/empty'),
  symlink('d/s', `${'t'.repeat(150)}/x`),
  hardlink('d/h', 'd/f'),
  fifo('p'),
  file(`${'n'.repeat(200)}/${'m'.repeat(200)}`, 'long'),
];

test('tar-stream reads what we write', async () => {
  const tar = await tarOf(SAMPLES);
  const seen: unknown[] = [];
  const parser = extract();
  parser.end(tar);
  for await (const entry of parser) {
    const content = (await collect(entry)).toString();
    const { header } = entry;
    seen.push([header.name, header.type, header.mode, header.uid, header.linkname ?? '', content]);
  }
  assert.deepEqual(seen, [
    ['d/', 'directory', 0o1777, 0, '', ''],
    ['d/f', 'file', 0o4755, 5, '', 'content\n'],
    ['d/empty', 'file', 0o644, 0, '', ''],
    ['d/s', 'symlink', 0o777, 0, `${'t'.repeat(150)}/x`, ''],
    ['d/h', 'link', 0o644, 0, 'd/f', ''],
    ['p', 'fifo', 0o644, 0, '', ''],
    [`${'n'.repeat(200)}/${'m'.repeat(200)}`, 'file', 0o644, 0, '', 'long'],
  ]);
});

test('GNU tar lists what we write without a complaint', async (t) => {
  if (spawnSync('tar', ['--version']).error !== undefined) {
    t.skip('needs tar: the program is not installed');
    return;
  }
  const listed = spawnSync('tar', ['-tf', '-'], { input: await tarOf(SAMPLES) });
  assert.equal(listed.stderr.toString(), '');
  assert.equal(listed.status, 0);
  const names = SAMPLES.map(({ entry }) => entry.path + (entry.kind === 'directory' ? '/' : ''));
  assert.deepEqual(listed.stdout.toString().trim().split('\n'), names);
});

const byteName = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')))
  .map((bytes) => name(bytes));
const bytePath = fc
  .array(byteName, { minLength: 1, maxLength: 5 })
  .map((parts) => name(Buffer.from(parts.join('/'), 'latin1')));
const metadata = fc.record({
  path: bytePath,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constant(2_097_152)),
  gid: fc.integer({ min: 0, max: 0xffffffff }),
  mtime: fc
    .integer({ min: -(2 ** 30), max: 2 ** 30 })
    .map((seconds) => ({ seconds: seconds * 512, nanoseconds: 0 })),
  xattrs: fc
    .array(fc.tuple(fc.stringMatching(/^user\.[a-z]{1,20}$/), fc.uint8Array({ maxLength: 600 })), {
      maxLength: 3,
    })
    .map((pairs) => new Map(pairs.map(([key, value]) => [name(key), Buffer.from(value)]))),
});
const anySource: fc.Arbitrary<EntrySource> = metadata.chain((common) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 2000 }).map(
      (bytes): EntrySource => ({
        entry: { ...common, kind: 'file', size: bytes.length },
        content: () => [bytes],
      }),
    ),
    fc.constant<EntrySource>({ entry: { ...common, kind: 'directory' } }),
    fc.constant<EntrySource>({ entry: { ...common, kind: 'fifo' } }),
    bytePath.map((target): EntrySource => ({ entry: { ...common, kind: 'symlink', target } })),
    bytePath.map((target): EntrySource => ({ entry: { ...common, kind: 'hardlink', target } })),
    fc
      .tuple(fc.integer({ min: 0, max: 0xfff }), fc.integer({ min: 0, max: 0xfffff }))
      .map(
        ([major, minor]): EntrySource => ({ entry: { ...common, kind: 'block', major, minor } }),
      ),
  ),
);

test('reading gives back what was written, whatever it is and however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anySource, { maxLength: 8 }),
      fc.integer({ min: 1, max: 3000 }),
      async (sources, chunkBytes) => {
        const tar = await tarOf(sources);
        let index = 0;
        for await (const { entry, dataOffset, storedSize, content } of readTar(
          streamOf(tar, chunkBytes),
        )) {
          const source = sources[index++];
          const bytes = await collect(content());
          assert.deepEqual(entry, source?.entry);
          assert.ok(bytes.equals(await collect(source?.content?.() ?? [])));
          assert.ok(tar.subarray(dataOffset, dataOffset + storedSize).equals(bytes));
        }
        assert.equal(index, sources.length);
      },
    ),
    { numRuns: 150 },
  );
});
