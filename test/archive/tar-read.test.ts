// Reading tars: every dialect GNU tar writes, headers made by hand, and damage of every kind.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import type { Entry } from '#archive/entry.ts';
import { readTar } from '#archive/tar-read.ts';
import { isSlipwayError } from '#core/errors.ts';
import { collect, directory, file, name, streamOf, symlink, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Read {
  readonly entry: Entry;
  readonly content: Buffer;
  readonly dataOffset: number;
  readonly storedSize: number;
}

async function readAll(tar: Uint8Array, chunkBytes?: number): Promise<Read[]> {
  const read: Read[] = [];
  for await (const { entry, dataOffset, storedSize, content } of readTar(
    streamOf(tar, chunkBytes),
  )) {
    read.push({ entry, dataOffset, storedSize, content: await collect(content()) });
  }
  return read;
}

interface RawHeader {
  readonly name?: string;
  readonly type?: string;
  readonly size?: number;
  readonly magic?: string;
  readonly link?: string;
  /** Raw bytes at an offset, over everything else. */
  readonly raw?: readonly (readonly [number, string | Buffer])[];
}

/** A header block with a right checksum, whatever else is wrong. */
function header(given: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  block.write(given.name ?? 'f', 0, 100, 'latin1');
  block.write('0000644\x000000000\x000000000\0', 100, 'latin1');
  block.write(`${(given.size ?? 0).toString(8).padStart(11, '0')}\x0000000000000\0`, 124, 'latin1');
  block.write(given.type ?? '0', 156, 'latin1');
  block.write(given.link ?? '', 157, 100, 'latin1');
  block.write(given.magic ?? 'ustar\x0000', 257, 'latin1');
  for (const [at, bytes] of given.raw ?? []) Buffer.from(bytes as string, 'latin1').copy(block, at);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string, 'latin1');
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function extended(type: string, data: string | Buffer): Buffer {
  return Buffer.concat([header({ name: '@', type, size: data.length }), padded(data)]);
}

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length++;
  return `${length}${rest}`;
}

const END = Buffer.alloc(1024);

async function only(...blocks: Buffer[]): Promise<Read> {
  const [read, ...others] = await readAll(Buffer.concat([...blocks, END]));
  assert.equal(others.length, 0);
  assert.ok(read !== undefined);
  return read;
}

test('the prefix of a POSIX header comes before the name', async () => {
  const read = await only(header({ name: 'b', raw: [[345, 'a/aa']] }));
  assert.equal(read.entry.path, 'a/aa/b');
});

test('the prefix field of an old GNU header is something else', async () => {
  const read = await only(header({ name: 'b', magic: 'ustar  \0', raw: [[345, '00000000000\0']] }));
  assert.equal(read.entry.path, 'b');
});

test('V7: no magic, a slash makes a directory', async () => {
  assert.equal((await only(header({ name: 'd/', magic: '', type: '\0' }))).entry.kind, 'directory');
  assert.equal((await only(header({ name: 'f', magic: '', type: '\0' }))).entry.kind, 'file');
});

test('a checksum of signed bytes is accepted, and headers anywhere in memory', async () => {
  const block = header({ name: 'caf\xe9' });
  const sum = block.reduce(
    (total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : (byte << 24) >> 24),
    0,
  );
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  assert.equal((await only(block)).entry.path, 'caf\xe9');
  for (let shift = 0; shift < 5; shift++) {
    const moved = Buffer.concat([Buffer.alloc(shift), header({ name: '\xff'.repeat(90) }), END]);
    assert.equal((await readAll(moved.subarray(shift))).length, 1);
  }
});

test('GNU long names and links, with their NUL', async () => {
  const long = `${'x'.repeat(150)}/y`;
  const read = await only(
    extended('L', `${long}\0`),
    extended('K', `${long}.target\0`),
    header({ type: '2', link: 'cut' }),
  );
  assert.equal(read.entry.path, long);
  assert.equal(read.entry.kind === 'symlink' && read.entry.target, `${long}.target`);
});

test('a long name whose first 100 bytes end in a slash is still a file', async () => {
  const long = `${'d'.repeat(99)}/file`;
  const read = await only(
    extended('L', `${long}\0`),
    header({ name: long.slice(0, 100), size: 3 }),
    padded('abc'),
  );
  assert.equal(read.entry.kind, 'file');
  assert.equal(read.content.toString(), 'abc');
});

test('base-256 numbers, negative ones too', async () => {
  const read = await only(
    header({
      raw: [
        [108, Buffer.from([0x80, 0, 0, 0, 0xee, 0x6b, 0x28, 0])],
        [136, Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254])],
      ],
    }),
  );
  assert.equal(read.entry.uid, 4_000_000_000);
  assert.deepEqual(read.entry.mtime, { seconds: -2, nanoseconds: 0 });
});

test('numbers with leading spaces and without NUL', async () => {
  assert.equal((await only(header({ raw: [[108, '    17 \0']] }))).entry.uid, 15);
  assert.equal((await only(header({ raw: [[108, '00000017']] }))).entry.uid, 15);
});

test('pax records override the header and values stay bytes', async () => {
  const data =
    record('path', 'p\xff') +
    record('uid', '4000000000') +
    record('size', '3') +
    record('SCHILY.xattr.user.x', 'a\n=\xfe\0') +
    record('comment', 'nothing');
  const read = await only(extended('x', data), header({ size: 0 }), padded('abc'));
  assert.equal(read.entry.path, 'p\xff');
  assert.equal(read.entry.uid, 4_000_000_000);
  assert.equal(read.content.toString(), 'abc');
  const value = read.entry.xattrs.get(name('user.x'));
  assert.equal(Buffer.from(value ?? []).toString('latin1'), 'a\n=\xfe\0');
});

const TIMES: readonly (readonly [string, number, number])[] = [
  ['0', 0, 0],
  ['-0', 0, 0],
  ['12', 12, 0],
  ['12.5', 12, 500_000_000],
  ['12.123456789', 12, 123_456_789],
  ['12.1234567899', 12, 123_456_789],
  ['-1', -1, 0],
  ['-1.5', -2, 500_000_000],
  ['-0.000000001', -1, 999_999_999],
  ['-0.0000000001', -1, 999_999_999],
  ['5680281600.25', 5_680_281_600, 250_000_000],
];

for (const [given, seconds, nanoseconds] of TIMES) {
  test(`pax time ${given}`, async () => {
    const read = await only(extended('x', record('mtime', given)), header({}));
    assert.deepEqual(read.entry.mtime, { seconds, nanoseconds });
  });
}

test('a global pax header counts for all that follows, a local one over it, an empty value not', async () => {
  const read = await readAll(
    Buffer.concat([
      extended('g', record('uid', '7') + record('gid', '8')),
      header({ name: 'a' }),
      extended('x', record('uid', '9') + record('gid', '')),
      header({ name: 'b' }),
      header({ name: 'c' }),
      END,
    ]),
  );
  assert.deepEqual(
    read.map(({ entry }) => [entry.path, entry.uid, entry.gid]),
    [
      ['a', 7, 8],
      ['b', 9, 0],
      ['c', 7, 8],
    ],
  );
});

test('links and directories carry no data whatever their size says', async () => {
  const read = await readAll(
    Buffer.concat([
      header({ name: 'l', type: '1', link: './x', size: 600 }),
      header({ name: 'd', type: '5', size: 600 }),
      header({ name: 'f' }),
      END,
    ]),
  );
  assert.deepEqual(
    read.map(({ entry }) => entry.kind),
    ['hardlink', 'directory', 'file'],
  );
  assert.equal(read[0]?.entry.kind === 'hardlink' && read[0].entry.target, 'x');
});

test('what was not read is passed over', async () => {
  const tar = await tarOf([
    file('a', 'x'.repeat(5000)),
    file('b', 'y'.repeat(700)),
    directory('c'),
  ]);
  const paths: string[] = [];
  for await (const { entry, content } of readTar(streamOf(tar, 100))) {
    paths.push(entry.path);
    if (entry.path !== 'b') continue;
    for await (const chunk of content()) {
      assert.equal(chunk[0], 0x79);
      break;
    }
  }
  assert.deepEqual(paths, ['a', 'b', 'c']);
});

test('a clean end without zero blocks, one zero block, and bytes after the end are accepted', async () => {
  const body = header({});
  for (const tail of [
    Buffer.alloc(0),
    Buffer.alloc(512),
    Buffer.concat([END, Buffer.from('junk')]),
  ]) {
    assert.equal((await readAll(Buffer.concat([body, tail]))).length, 1);
  }
  assert.deepEqual(await readAll(Buffer.alloc(0)), []);
});

test('the source is read to its end, also past the end mark', async () => {
  let count = 0;
  async function* counting(): AsyncGenerator<Uint8Array> {
    for await (const chunk of streamOf(
      Buffer.concat([header({}), END, Buffer.alloc(10_000)]),
      512,
    )) {
      count += chunk.length;
      yield chunk;
    }
  }
  for await (const _ of readTar(counting()));
  assert.equal(count, 512 + 1024 + 10_000);
});

const DAMAGED: readonly (readonly [string, Buffer])[] = [
  ['a wrong checksum', Buffer.concat([header({}).fill('9', 0, 1), END])],
  ['letters in a number', header({ raw: [[108, 'abc']] })],
  ['a negative size', header({ raw: [[124, Buffer.alloc(12, 0xff)]] })],
  [
    'a size beyond all numbers',
    header({ raw: [[124, Buffer.from([0x80, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])]] }),
  ],
  ['a header cut short', header({}).subarray(0, 300)],
  ['content cut short', Buffer.concat([header({ size: 1000 }), Buffer.alloc(700)])],
  ['padding cut short', Buffer.concat([header({ size: 600 }), Buffer.alloc(700)])],
  ['an end after a pax header', extended('x', record('uid', '1'))],
  ['zero blocks after a pax header', Buffer.concat([extended('x', record('uid', '1')), END])],
  ['a pax header cut short', extended('x', 'a'.repeat(600)).subarray(0, 700)],
  [
    'one zero block between entries',
    Buffer.concat([header({}), Buffer.alloc(512), header({}), END]),
  ],
  ['a pax record without length', Buffer.concat([extended('x', 'uid=1\n'), header({})])],
  ['a pax record that is too long', Buffer.concat([extended('x', '99 uid=1\n'), header({})])],
  ['a pax record without newline', Buffer.concat([extended('x', '8 uid=1x'), header({})])],
  ['a pax record without key', Buffer.concat([extended('x', '5 =1\n'), header({})])],
  ['a pax number with letters', Buffer.concat([extended('x', record('uid', '1x')), header({})])],
  ['a pax time with letters', Buffer.concat([extended('x', record('mtime', '1e9')), header({})])],
  ['a pax header of 5 MB', header({ type: 'x', size: 5_000_000 })],
  ['a long name of 5 MB', header({ type: 'L', size: 5_000_000 })],
  [
    'a sparse map out of order',
    Buffer.concat([
      extended('x', record('GNU.sparse.size', '9999') + record('GNU.sparse.map', '512,512,0,512')),
      header({ size: 1024 }),
      END,
    ]),
  ],
  [
    'a sparse map past its file',
    Buffer.concat([
      extended('x', record('GNU.sparse.size', '100') + record('GNU.sparse.map', '0,512')),
      header({ size: 512 }),
      END,
    ]),
  ],
  [
    'a sparse map that is not what is stored',
    Buffer.concat([
      extended('x', record('GNU.sparse.size', '9999') + record('GNU.sparse.map', '0,512')),
      header({ size: 1024 }),
      END,
    ]),
  ],
  [
    'a sparse map of odd length',
    Buffer.concat([
      extended('x', record('GNU.sparse.size', '9999') + record('GNU.sparse.map', '0,512,7')),
      header({ size: 512 }),
      END,
    ]),
  ],
  [
    'a 1.0 map longer than its file',
    Buffer.concat([
      extended(
        'x',
        record('GNU.sparse.major', '1') +
          record('GNU.sparse.minor', '0') +
          record('GNU.sparse.realsize', '9999'),
      ),
      header({ size: 512 }),
      padded('400\n'),
      END,
    ]),
  ],
];

for (const [what, tar] of DAMAGED) {
  test(`${what} is damage`, async () => {
    await assert.rejects(readAll(tar), (error: Error & { code?: string; detail?: object }) => {
      assert.equal(error.code, 'ARCHIVE_INVALID');
      assert.ok(error.detail !== undefined && 'offset' in error.detail);
      return true;
    });
  });
}

const REFUSED: readonly (readonly [string, Buffer])[] = [
  ['a parent part', header({ name: '../x' })],
  ['a hard link out of the archive', header({ type: '1', link: '/a/../../b' })],
  ['a name of 256 bytes', Buffer.concat([extended('L', 'n'.repeat(256)), header({})])],
  ['a pax path with a NUL', Buffer.concat([extended('x', record('path', 'a\0b')), header({})])],
  ['an unknown type', header({ type: 'M' })],
  [
    'an unknown sparse dialect',
    Buffer.concat([extended('x', record('GNU.sparse.major', '2')), header({})]),
  ],
  [
    'a sparse segment that is no whole block',
    Buffer.concat([
      extended('x', record('GNU.sparse.size', '9999') + record('GNU.sparse.map', '0,100,1024,412')),
      header({ size: 512 }),
      Buffer.alloc(512),
      END,
    ]),
  ],
];

for (const [what, tar] of REFUSED) {
  test(`${what} is refused`, async () => {
    await assert.rejects(readAll(tar), { code: 'ENTRY_REFUSED' });
  });
}

test('more entries than allowed are refused', async () => {
  const tar = await tarOf([file('a'), file('b'), file('c')]);
  const read = async (entriesMax: number): Promise<number> => {
    let count = 0;
    for await (const _ of readTar(streamOf(tar), { entriesMax })) count++;
    return count;
  };
  assert.equal(await read(3), 3);
  await assert.rejects(read(2), { code: 'ENTRY_REFUSED' });
});

test('cut anywhere, it is an error or a clean end between entries', async () => {
  const tar = await tarOf([
    file('a', 'x'.repeat(700), { xattrs: { 'user.a': 'v' } }),
    symlink('b', 'c'.repeat(120)),
    file('d', 'y'),
  ]);
  for (let length = 0; length <= tar.length; length += 37) {
    try {
      const read = await readAll(tar.subarray(0, length));
      assert.ok(length % 512 === 0 || length > tar.length - 1024, `accepted at ${length}`);
      assert.ok(read.length <= 3);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ARCHIVE_INVALID');
    }
  }
});

test('random damage is an error or another archive, and never anything else', async () => {
  const tar = Buffer.concat([
    extended(
      'x',
      record('SCHILY.xattr.user.a', 'v') + record('mtime', '1.5') + record('path', 'p/q'),
    ),
    header({ name: 'a', size: 600 }),
    Buffer.alloc(1024),
    extended('L', `${'n'.repeat(120)}\0`),
    header({ type: '2', link: 'target' }),
    extended('x', record('GNU.sparse.size', '9999') + record('GNU.sparse.map', '0,512,1024,88')),
    header({ size: 600 }),
    Buffer.alloc(1024),
    END,
  ]);
  // Only data of extended headers: anything in a header breaks its checksum.
  const places = [1, 6, 9].flatMap((block) =>
    Array.from({ length: 100 }, (_, i) => block * 512 + i),
  );
  const change = fc.tuple(fc.constantFrom(...places), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
      const copy = Buffer.from(tar);
      for (const [at, byte] of changes) copy[at] = byte;
      try {
        for (const { entry } of await readAll(copy)) assert.ok(!entry.path.includes('\0'));
      } catch (error) {
        assert.ok(isSlipwayError(error, 'ARCHIVE_INVALID', 'ENTRY_REFUSED'), String(error));
      }
    }),
    { numRuns: 1500 },
  );
});

test('tar-stream writes what we read', async () => {
  const writer = pack();
  writer.entry({ name: 'd', type: 'directory', mode: 0o700 });
  writer.entry({ name: 'd/f', mode: 0o600, uid: 3, gid: 4, mtime: new Date(5000) }, 'hello');
  writer.entry({ name: 'ü'.repeat(80), type: 'symlink', linkname: 'x'.repeat(120) });
  writer.finalize();
  const read = await readAll(await collect(writer));
  assert.deepEqual(
    read.map(({ entry, content }) => [entry.path, entry.kind, entry.mode, content.toString()]),
    [
      ['d', 'directory', 0o700, ''],
      ['d/f', 'file', 0o600, 'hello'],
      [name('ü'.repeat(80)), 'symlink', 0o644, ''],
    ],
  );
  assert.equal(read[2]?.entry.kind === 'symlink' && read[2].entry.target, 'x'.repeat(120));
});

/** GNU tar, for archives we did not write; undefined where it is not installed. */
function hasGnuTar(): boolean {
  const version = spawnSync('tar', ['--version']);
  return version.error === undefined && version.stdout.toString().includes('GNU tar');
}

const DIALECTS: readonly (readonly [string, readonly string[]])[] = [
  ['gnu', ['--format=gnu']],
  ['old GNU', ['--format=oldgnu']],
  ['pax', ['--format=posix']],
  ['pax without times', ['--format=posix', '--pax-option=delete=atime,delete=ctime']],
  ['ustar', ['--format=ustar', '--exclude=long*', '--exclude=deep*']],
  ['V7', ['--format=v7', '--exclude=long*', '--exclude=deep*', '--exclude=fifo']],
];

for (const [dialect, options] of DIALECTS) {
  test(`GNU tar, ${dialect}: what was archived is what is read`, async (t) => {
    if (!hasGnuTar()) {
      t.skip('needs GNU tar: the program is not installed');
      return;
    }
    using folder = tempFolder();
    const isShort = options.some((option) => option.includes('long'));
    const names = fillFolder(folder.path, isShort);
    const tar = execFileSync('tar', [
      '-cf',
      '-',
      '--sort=name',
      ...options,
      '-C',
      folder.path,
      '.',
    ]);
    const read = await readAll(tar, 1000);
    const byPath = new Map(read.map((one) => [one.entry.path as string, one]));
    assert.deepEqual([...byPath.keys()].sort(), ['', ...names.keys()].sort());
    for (const [path_, content] of names) {
      const one = byPath.get(path_);
      assert.ok(one !== undefined);
      if (one.entry.kind === 'symlink') assert.equal(one.entry.target, content);
      else if (one.entry.kind === 'hardlink') assert.equal(one.entry.target, 'file');
      else assert.equal(one.content.toString('latin1'), content);
      if (one.entry.kind === 'file') {
        assert.equal(one.dataOffset % 512, 0);
        assert.equal(
          tar.toString('latin1', one.dataOffset, one.dataOffset + one.storedSize),
          content,
        );
      }
    }
    const fractional = dialect.startsWith('pax') ? 500_000_000 : 0;
    assert.deepEqual(byPath.get('file')?.entry.mtime, { seconds: 100, nanoseconds: 0 });
    assert.deepEqual(byPath.get('half')?.entry.mtime, { seconds: 1000, nanoseconds: fractional });
  });
}

/** Fills a folder; what is in it by path: content, or a link's target. */
function fillFolder(root: string, isShort: boolean): Map<string, string> {
  const names = new Map<string, string>();
  const put = (name_: string, content: string): void => {
    writeFileSync(Buffer.from(path.join(root, name_), 'latin1'), content, 'latin1');
    names.set(name_, content);
  };
  put('file', 'x'.repeat(513));
  put('empty', '');
  put('half', 'h');
  put('caf\xe9', 'latin1 name');
  put('\xf0\x9f\x98\x80', 'astral name');
  linkSync(path.join(root, 'file'), path.join(root, 'zlink'));
  names.set('zlink', 'x'.repeat(513));
  symlinkSync('t'.repeat(99), path.join(root, 'short'));
  names.set('short', 't'.repeat(99));
  if (!isShort) {
    put('long'.repeat(60), 'long name');
    symlinkSync('t'.repeat(300), path.join(root, 'longlink'));
    names.set('longlink', 't'.repeat(300));
    const deep = Array.from({ length: 30 }, () => 'deep-folder').join('/');
    mkdirSync(path.join(root, deep), { recursive: true });
    for (let at = deep; at !== '.'; at = path.dirname(at)) names.set(at, '');
    put(`${deep}/deep-file`, 'deep');
  }
  utimesSync(path.join(root, 'file'), 100, 100);
  utimesSync(path.join(root, 'half'), 1000.5, 1000.5);
  return names;
}

const SPARSE: readonly (readonly [string, readonly string[]])[] = [
  ['old GNU', ['--format=gnu']],
  ['pax 0.0', ['--format=posix', '--sparse-version=0.0']],
  ['pax 0.1', ['--format=posix', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=posix', '--sparse-version=1.0']],
];

/** Sparse files: size, and where there is data. */
const HOLES: readonly {
  readonly size: number;
  readonly data: readonly (readonly [number, string])[];
}[] = [
  {
    size: 1_000_000,
    data: [
      [0, 'start'],
      [500_000, 'middle'],
      [999_990, 'the end!!!'],
    ],
  },
  { size: 3_000_000, data: [[1_000_000, 'only the middle']] },
  { size: 100_000, data: [] },
  {
    size: 12_345_678,
    data: Array.from({ length: 90 }, (_, i) => [i * 131_072, `piece ${i}`] as const),
  },
];

for (const [dialect, options] of SPARSE) {
  test(`sparse files, ${dialect}`, async (t) => {
    if (!hasGnuTar()) {
      t.skip('needs GNU tar: the program is not installed');
      return;
    }
    using folder = tempFolder();
    const expected = new Map<string, Buffer>();
    for (const [index, { size, data }] of HOLES.entries()) {
      const target = path.join(folder.path, `f${index}`);
      const plain = Buffer.alloc(size);
      const fd = openSync(target, 'w');
      for (const [at, text] of data) {
        writeSync(fd, text, at);
        plain.write(text, at);
      }
      closeSync(fd);
      truncateSync(target, size);
      expected.set(`f${index}`, plain);
    }
    const tar = execFileSync('tar', ['-cSf', '-', ...options, '-C', folder.path, '.'], {
      maxBuffer: 2 ** 26,
    });
    let seen = 0;
    for (const { entry, content, dataOffset, storedSize } of await readAll(tar, 10_007)) {
      const plain = expected.get(entry.path);
      if (plain === undefined) continue;
      seen++;
      assert.ok(entry.kind === 'file' && entry.sparse !== undefined, `${entry.path} is not sparse`);
      assert.ok(content.equals(plain), `${entry.path} differs`);
      const sum = entry.sparse.reduce((total, segment) => total + segment.length, 0);
      assert.equal(sum, storedSize);
      assert.equal(dataOffset % 512, 0);
    }
    assert.equal(seen, expected.size);
  });
}
