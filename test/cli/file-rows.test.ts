/** Files as lines and rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escaped, fileLines, fileRow, modeText } from '#cli/file-rows.ts';
import { byteStringOf, toByteString } from '#core/bytes.ts';
import type { ImageFile } from '#core/image-files.ts';

function sample(path: string, given: Partial<ImageFile> = {}): ImageFile {
  return {
    path: toByteString(path),
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 3,
    mtimeSeconds: 1_700_000_000,
    layer: 1,
    ...given,
  };
}

const FILES = [
  sample('/a'),
  sample('/dév', { kind: 'char', size: 0, device: { major: 1, minor: 3 }, uid: 1000, layer: 12 }),
  sample('/l', { kind: 'symlink', mode: 0o777, size: 0, target: toByteString('to/a') }),
];

test('paths alone, with layers, long', () => {
  const lines = (long: boolean, layer: boolean): string[] =>
    fileLines(FILES, { long, layer, escape: false }).map((line) =>
      Buffer.from(line, 'latin1').toString('utf8'),
    );
  assert.deepEqual(lines(false, false), ['/a', '/dév', '/l']);
  assert.deepEqual(lines(false, true), [' 1 /a', '12 /dév', ' 1 /l']);
  assert.deepEqual(lines(true, false), [
    '-rw-r--r--    0 0    3 2023-11-14 22:13 /a',
    'crw-r--r-- 1000 0 1, 3 2023-11-14 22:13 /dév',
    'lrwxrwxrwx    0 0    0 2023-11-14 22:13 /l -> to/a',
  ]);
  assert.deepEqual(fileLines([], { long: true, layer: true, escape: true }), []);
});

test('modes as ls shows them', () => {
  const text = (mode: number): string => modeText({ kind: 'directory', mode });
  assert.equal(text(0o755), 'drwxr-xr-x');
  assert.equal(text(0o7777), 'drwsrwsrwt');
  assert.equal(text(0o7000), 'd--S--S--T');
});

test('a row; times that no calendar has', () => {
  assert.equal(fileRow(sample('/a')).ModTime, '2023-11-14T22:13:20.000Z');
  assert.equal(fileRow(sample('/a', { mode: 0o4755 })).Mode, '4755');
  assert.equal(fileRow(sample('/a', { mtimeSeconds: 2 ** 50 })).ModTime, '-');
});

test('names that steer a terminal', () => {
  const text = (name: string): string =>
    Buffer.from(escaped(toByteString(name)), 'latin1').toString();
  assert.equal(text('/é\n\u001b[2J\\\u202e'), '/é\\x0a\\x1b[2J\\\\\\u{202e}');
  assert.equal(escaped(byteStringOf(Buffer.from([0x2f, 0xff, 0x1b]))), '/\\xff\\x1b');
});
