/**
 * Tars made to harm, by a table: the index and both unpackers refuse each by name, and nothing is
 * written outside. What is refused by design of a path alone is in unpack.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { BLOCK } from '#archive/tar-header.ts';
import { type ByteString, toByteString } from '#core/bytes.ts';
import { isSlipwayError } from '#core/errors.ts';
import { indexTar } from '#layer/index-tar.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { unpackTar } from '#layer/unpack.ts';
import { layerIn, streamOf } from '#test/helpers/entries.ts';
import { nativeHelper } from '#test/helpers/native-helper.ts';
import { type RawEntry, rawTar } from '#test/helpers/raw-tar.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

type Code = 'ARCHIVE_INVALID' | 'ENTRY_REFUSED';

/** A tar whose first header has bytes of its own at some place, its checksum made right. */
function patched(at: number, bytes: Uint8Array, entry: RawEntry = { name: 'x' }): Buffer {
  const tar = rawTar([entry]);
  tar.set(bytes, at);
  tar.fill(' ', 148, 156);
  const sum = tar.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return tar;
}

function pax(records: Readonly<Record<string, string>>, entry: RawEntry = { name: 'x' }): Buffer {
  const content = Object.entries(records)
    .map(([key, value]) => {
      const rest = key.length + value.length + 3;
      const length = rest + String(rest + String(rest).length).length;
      return `${length} ${key}=${value}\n`;
    })
    .join('');
  return rawTar([{ name: 'p', type: 'pax', content }, entry]);
}

const BIG = Buffer.from([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
const NEGATIVE = Buffer.from([0xff, ...Array<number>(10).fill(0xff), 0xfe]);
const DEEP = `${'d/'.repeat(3000)}f`;

const REFUSED: readonly (readonly [string, Code, RegExp, Buffer])[] = [
  ['a negative size', 'ARCHIVE_INVALID', /negative|number/, patched(124, NEGATIVE)],
  ['a size beyond 2^53', 'ARCHIVE_INVALID', /number|ends within|past/, patched(124, BIG)],
  [
    'a size of 2^63 in base 256',
    'ARCHIVE_INVALID',
    /number/,
    patched(124, Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0xff)])),
  ],
  ['a negative owner', 'ARCHIVE_INVALID', /negative|number/, patched(108, NEGATIVE.subarray(4))],
  ['letters for a size', 'ARCHIVE_INVALID', /number/, patched(124, Buffer.from('12x4'))],
  ['a pax size with a sign', 'ARCHIVE_INVALID', /number/, pax({ size: '-5' })],
  ['a pax size of 22 digits', 'ARCHIVE_INVALID', /number/, pax({ size: '9'.repeat(22) })],
  [
    'a pax size the archive does not have',
    'ARCHIVE_INVALID',
    /ends within/,
    pax({ size: '99999999' }),
  ],
  [
    'a pax record of no length',
    'ARCHIVE_INVALID',
    /pax/,
    rawTar([{ name: 'p', type: 'pax', content: '0 a=b\n' }, { name: 'x' }]),
  ],
  [
    'a pax record longer than its header',
    'ARCHIVE_INVALID',
    /pax/,
    rawTar([{ name: 'p', type: 'pax', content: '4096 a=b\n' }, { name: 'x' }]),
  ],
  [
    'a pax record with a length of 30 digits',
    'ARCHIVE_INVALID',
    /pax/,
    rawTar([{ name: 'p', type: 'pax', content: `${'1'.repeat(30)} a=b\n` }, { name: 'x' }]),
  ],
  [
    'a pax header without an entry',
    'ARCHIVE_INVALID',
    /extended header/,
    rawTar([{ name: 'p', type: 'pax', content: '7 a=bc\n' }]),
  ],
  [
    'a long name without an entry',
    'ARCHIVE_INVALID',
    /extended header/,
    rawTar([{ name: 'l', type: 'gnuLongName', content: 'n\0' }]),
  ],
  [
    'a long name of 1 GB',
    'ARCHIVE_INVALID',
    /extended header/,
    rawTar([{ name: 'l', type: 'gnuLongName', size: 1_000_000_000 }]),
  ],
  [
    'a name of 256 bytes',
    'ENTRY_REFUSED',
    /longer than 255|too long/,
    pax({ path: 'n'.repeat(256) }),
  ],
  [
    'a folder of 256 bytes on the way',
    'ENTRY_REFUSED',
    /longer than 255|too long/,
    pax({ path: `${'n'.repeat(256)}/x` }),
  ],
  ['a path 3,000 folders deep', 'ENTRY_REFUSED', /deep/, pax({ path: DEEP })],
  ['a path of 100,000 bytes', 'ENTRY_REFUSED', /long|deep/, pax({ path: 'a/'.repeat(50_000) })],
  [
    'a symlink of 4,096 bytes',
    'ENTRY_REFUSED',
    /symlink|symbolic link/,
    pax({ linkpath: 't'.repeat(4096) }, { name: 'l', type: 'symlink' }),
  ],
  [
    'a symlink with a NUL',
    'ENTRY_REFUSED',
    /symlink|symbolic link|NUL/,
    pax({ linkpath: 'a\0b' }, { name: 'l', type: 'symlink' }),
  ],
  ['a name with a NUL', 'ENTRY_REFUSED', /NUL/, pax({ path: 'a\0b' })],
  [
    'a symlink for the root',
    'ENTRY_REFUSED',
    /root/,
    rawTar([{ name: './', type: 'symlink', link: '/etc' }]),
  ],
  [
    'a hard link for the root',
    'ENTRY_REFUSED',
    /root/,
    rawTar([{ name: 'f' }, { name: '.', type: 'hardlink', link: 'f' }]),
  ],
  ['a fifo for the root', 'ENTRY_REFUSED', /root/, rawTar([{ name: '/', type: 'fifo' }])],
  [
    'a hard link to what is not there',
    'ENTRY_REFUSED',
    /not (?:in this layer|there)|no file/,
    rawTar([{ name: 'x', type: 'hardlink', link: 'missing' }]),
  ],
  [
    'a hard link to itself',
    'ENTRY_REFUSED',
    /not (?:in this layer|there)|no file/,
    rawTar([{ name: 'x', type: 'hardlink', link: 'x' }]),
  ],
  [
    'hard links in a circle',
    'ENTRY_REFUSED',
    /not (?:in this layer|there)|no file/,
    rawTar([
      { name: 'a', type: 'hardlink', link: 'b' },
      { name: 'b', type: 'hardlink', link: 'c' },
      { name: 'c', type: 'hardlink', link: 'a' },
    ]),
  ],
  [
    'a hard link to the root',
    'ENTRY_REFUSED',
    /not there|directory|not in this layer/,
    rawTar([{ name: 'x', type: 'hardlink', link: '/' }]),
  ],
  [
    'a hard link below a file',
    'ENTRY_REFUSED',
    /not (?:in this layer|there)/,
    rawTar([{ name: 'f' }, { name: 'x', type: 'hardlink', link: 'f/g' }]),
  ],
  [
    'an unknown sparse dialect',
    'ENTRY_REFUSED',
    /dialect/,
    pax({ 'GNU.sparse.major': '7', 'GNU.sparse.minor': '0' }),
  ],
  [
    'a sparse map that ends beyond its file',
    'ARCHIVE_INVALID',
    /sparse map/,
    pax({ 'GNU.sparse.size': '10', 'GNU.sparse.map': '5,6' }, { name: 'x', content: 'abcdef' }),
  ],
  [
    'a sparse map with negative places',
    'ARCHIVE_INVALID',
    /sparse map/,
    pax({ 'GNU.sparse.size': '10', 'GNU.sparse.map': '-5,6' }, { name: 'x', content: 'abcdef' }),
  ],
  [
    'a sparse map that overflows',
    'ARCHIVE_INVALID',
    /sparse map/,
    pax({ 'GNU.sparse.size': '10', 'GNU.sparse.map': '9007199254740991,9007199254740991' }),
  ],
];

for (const [what, code, reason, tar] of REFUSED) {
  test(`refused: ${what}`, async (t) => {
    const helper = nativeHelper(t);
    if (helper === undefined) return;
    using folder = tempFolder();
    const isRefusal = (error: unknown): boolean => {
      assert.ok(isSlipwayError(error, code), String(error));
      assert.match(error.message, reason);
      return true;
    };
    await assert.rejects(walkIndex(folder, tar), isRefusal);
    writeFileSync(folder.at('in.tar'), tar);
    for (const twin of ['ours', 'native']) {
      mkdirSync(folder.at(twin));
      const options = { tar: folder.at('in.tar'), folder: folder.at(twin), userXattr: false };
      await assert.rejects(
        twin === 'native' ? helper.unpack(options) : unpackTar(options),
        isRefusal,
        twin,
      );
    }
    const left = readdirSync(folder.path).filter((name) => !/\.(tar|erofs)$/.test(name));
    assert.deepEqual(left.sort(), ['native', 'ours']);
  });
}

/** Indexes a tar and looks at every name of it, as a build or a container would. */
async function walkIndex(folder: TempFolder, tar: Buffer): Promise<void> {
  using tree = MergedTree.open([await layerIn(folder.path, tar)]);
  const pending = [tree.root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const child of tree.list(next)) {
      tree.entry(child, child.name);
      if (child.kind === 'directory') pending.push(child);
    }
  }
}

test('an absolute name is one below the root, as with docker', async () => {
  using folder = tempFolder();
  const tar = rawTar([{ name: '/etc/x', content: 'x' }, { name: '//y' }]);
  using tree = MergedTree.open([await layerIn(folder.path, tar)]);
  assert.equal(tree.lookup(toByteString('etc/x'))?.kind, 'file');
  assert.equal(tree.lookup(toByteString('y'))?.kind, 'file');
});

test('an entry behind a symlink of a layer below goes into a folder of that name', async () => {
  using folder = tempFolder();
  const chain = [
    await layerIn(folder.path, rawTar([{ name: 'out', type: 'symlink', link: '/outside' }])),
    await layerIn(folder.path, rawTar([{ name: 'out/file', content: 'x' }])),
  ];
  using tree = MergedTree.open(chain);
  const found = tree.resolve('out/file' as ByteString);
  assert.deepEqual(
    [tree.lookup(toByteString('out'))?.kind, found?.path],
    ['directory', 'out/file'],
  );
  assert.equal(tree.lookup(toByteString('outside')), undefined);
});

test('a flipped bit anywhere in a header is damage, or changes nothing but itself', async () => {
  const tar = rawTar([{ name: 'a/b', content: 'content' }]);
  for (let bit = 0; bit < 8 * BLOCK; bit += 5) {
    const flipped = Buffer.from(tar);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      await indexTar(streamOf(flipped));
      // Only spellings of the checksum itself mean the same.
      assert.ok(bit >> 3 >= 148 && bit >> 3 < 156, `byte ${bit >> 3} was not noticed`);
    } catch (error) {
      assert.ok(isSlipwayError(error, 'ARCHIVE_INVALID'), String(error));
    }
  }
});
