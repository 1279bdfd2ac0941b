// The reader as a checker: every wrong field of an image is refused, and no damage whatsoever does
// anything but INDEX_INVALID.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { isSlipwayError } from '#core/errors.ts';
import { checkImage } from '#layer/erofs-check.ts';
import { ErofsImage, type Inode } from '#layer/erofs-read.ts';
import { indexTar } from '#layer/index-tar.ts';
import {
  device,
  directory,
  file,
  hardlink,
  name,
  streamOf,
  symlink,
  tarOf,
} from '#test/helpers/entries.ts';

let image: Buffer;
/** The lookups of a healthy image. */
let healthy: ErofsImage;

before(async () => {
  const many = Array.from({ length: 60 }, (_, i) => file(`many/file-${i}`, String(i)));
  const tar = await tarOf([
    directory('d', { xattrs: { 'user.a': '1', 'user.b': '22' } }),
    file('d/f', 'x'.repeat(600)),
    hardlink('d/h', 'd/f'),
    symlink('link', 'd/f'),
    symlink('long', 't'.repeat(600)),
    device('null', { kind: 'char', major: 1, minor: 3 }),
    ...many,
  ]);
  image = Buffer.from((await indexTar(streamOf(tar))).index);
  healthy = new ErofsImage(image);
});

function inodeAt(path: string): Inode {
  let inode = healthy.root;
  for (const part of path.split('/')) {
    const record = healthy.lookup(inode, name(part));
    assert.ok(record !== undefined, path);
    inode = healthy.inode(record.nid);
  }
  return inode;
}

/** A copy with a change at an offset. */
function changed(at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(image);
  copy.set(bytes, at);
  return copy;
}

test('the healthy image passes, with all names found and no others', () => {
  checkImage(image);
  for (let i = 0; i < 60; i++) assert.equal(inodeAt(`many/file-${i}`).kind, 'file');
  const many = inodeAt('many');
  for (const absent of ['', '.', '..', 'file', 'file-', 'file-60', 'file-5x', 'zzz', '!']) {
    assert.equal(healthy.lookup(many, name(absent)), undefined);
  }
  assert.deepEqual(healthy.device(inodeAt('null')), { major: 1, minor: 3 });
});

const SUPER = 1024;
const SUPERBLOCK_FIELDS: readonly (readonly [string, number, readonly number[]])[] = [
  ['the magic', 0, [0]],
  ['a compatible feature', 8, [3]],
  ['the block size', 12, [12]],
  ['extension slots', 13, [1]],
  ['the root inside the superblock', 14, [0, 0]],
  ['the root outside', 14, [0xff, 0xff]],
  ['the number of inodes', 16, [1, 0]],
  ['the length in blocks', 36, [1]],
  ['the meta block', 40, [1]],
  ['the xattr block', 44, [1]],
  ['an incompatible feature', 80, [0x4c]],
  ['compression', 84, [1]],
  ['no devices', 86, [0]],
  ['a thousand devices', 86, [0xe8, 3]],
  ['the device slot', 88, [10]],
  ['the directory block size', 90, [1]],
  ['the device without blocks', 128 + 64, [0, 0, 0, 0]],
  ['the mapped address of the device', 128 + 68, [1]],
];

for (const [what, at, bytes] of SUPERBLOCK_FIELDS) {
  test(`superblock: ${what}`, () => {
    assert.throws(() => checkImage(changed(SUPER + at, bytes)), { code: 'INDEX_INVALID' });
  });
}

const INODE_FIELDS: readonly (readonly [string, string, number, readonly number[]])[] = [
  ['a compact inode', 'd/f', 0, [8]],
  ['an unknown layout', 'd/f', 0, [7]],
  ['a file without chunks', 'd/f', 0, [1]],
  ['a chunked directory', 'd', 0, [9]],
  ['xattrs that end outside', 'many', 2, [0xff, 0xff]],
  ['an xattr count that does not fit', 'd', 2, [4]],
  ['no file type', 'd/f', 4, [0, 0]],
  ['a socket', 'd/f', 4, [0, 0xc0]],
  ['another file type than the name has', 'link', 4, [0, 0x10]],
  ['a file of 2^63 bytes', 'd/f', 8, [0, 0, 0, 0, 0, 0, 0, 0x80]],
  ['a file larger than its chunk', 'd/f', 8, [1, 8]],
  ['an empty directory', 'd', 8, [0, 0]],
  ['a directory that ends outside', 'many', 8, [0, 0, 0xff]],
  ['a directory cut within a name', 'd', 8, [30]],
  ['an empty symlink', 'link', 8, [0]],
  ['a symlink across its block', 'link', 8, [0xff, 1]],
  ['a symlink over 4,095 bytes', 'long', 8, [0, 0x10]],
  ['data outside', 'long', 16, [0xff, 0xff, 0xff]],
  ['data in the first kilobyte', 'long', 16, [0, 0, 0, 0]],
  ['an unknown chunk format', 'd/f', 16, [0x41]],
  ['a device with a size', 'null', 8, [1]],
  ['a billion nanoseconds', 'd/f', 40, [0, 0xca, 0x9a, 0x3b]],
  ['a link count of 0', 'd/f', 44, [0]],
  ['a wrong link count', 'd/f', 44, [3]],
  ['a wrong link count of a directory', 'd', 44, [3]],
  ['an xattr header', 'd', 64, [1]],
  ['an unknown xattr prefix', 'd', 77, [5]],
  ['an xattr value past the block', 'd', 78, [200]],
  ['xattrs out of order', 'd', 80, [0x7a]],
  ['a chunk with advice', 'd/f', 64, [1]],
  ['a chunk of an unknown device', 'd/f', 66, [2]],
  ['a chunk past the tar', 'd/f', 68, [0, 0, 1]],
  ['a chunk past the image', 'd/f', 66, [0, 0, 0, 0, 1]],
];

for (const [what, path, at, bytes] of INODE_FIELDS) {
  test(`inode of ${path}: ${what}`, () => {
    const offset = inodeAt(path).nid * 32;
    assert.throws(() => checkImage(changed(offset + at, bytes)), { code: 'INDEX_INVALID' });
  });
}

/** The directory d holds ., .., f and h, inline. */
const RECORD_FIELDS: readonly (readonly [string, number, readonly number[]])[] = [
  ['no records', 8, [0, 0]],
  ['a first name between two records', 8, [13]],
  ['a first name outside', 8, [0xff, 1]],
  ['a name before the names', 2 * 12 + 8, [3]],
  ['names that overlap backwards', 3 * 12 + 8, [48]],
  ['an inode outside', 2 * 12, [0xff, 0xff, 0xff]],
  ['an inode beyond 2^32', 2 * 12 + 4, [1]],
  ['a . that is something else', 0, [33]],
  ['a .. that is something else', 12, [33]],
  ['an unknown type', 2 * 12 + 10, [9]],
  ['another type', 2 * 12 + 10, [7]],
  ['names out of order', 48 + 3, [0x7a]],
  ['equal names', 48 + 4, [0x66]],
  ['a slash in a name', 48 + 3, [0x2f]],
  ['a NUL in a name', 48 + 3, [0]],
  ['no .', 48, [0x2d]],
];

for (const [what, at, bytes] of RECORD_FIELDS) {
  test(`directory: ${what}`, () => {
    const d = inodeAt('d');
    const offset = d.nid * 32 + 64 + d.xattrBytes;
    assert.throws(() => checkImage(changed(offset + at, bytes)), { code: 'INDEX_INVALID' });
  });
}

test('a directory that is its own child, or has two parents', () => {
  const d = inodeAt('d');
  const offset = d.nid * 32 + 64 + d.xattrBytes + 2 * 12;
  for (const other of [d, healthy.root, inodeAt('many')]) {
    const copy = changed(offset + 10, [2]);
    copy.writeUInt32LE(other.nid, offset);
    assert.throws(() => checkImage(copy), { code: 'INDEX_INVALID' });
  }
});

test('a cut image is refused at any length', () => {
  for (let length = 0; length < image.length; length += 100) {
    assert.throws(() => checkImage(image.subarray(0, length)), { code: 'INDEX_INVALID' });
  }
});

test('random damage is refused or harmless, and never anything else', () => {
  const change = fc.tuple(fc.nat(image.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const copy = Buffer.from(image);
      for (const [at, byte] of changes) copy[at] = byte;
      try {
        checkImage(copy);
      } catch (error) {
        assert.ok(isSlipwayError(error, 'INDEX_INVALID'), String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
