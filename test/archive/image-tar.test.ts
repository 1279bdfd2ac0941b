/** The outer tar of image archives: read back by GNU tar, deterministic, and honest about failures. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type EntrySource, EPOCH, NO_XATTRS } from '#archive/entry.ts';
import { packImageTar } from '#archive/image-tar.ts';
import { toByteString } from '#core/bytes.ts';

const shared = { uid: 0, gid: 0, mtime: EPOCH, xattrs: NO_XATTRS };

function file(path: string, chunks: readonly Uint8Array[], size?: number): EntrySource {
  const total = size ?? chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return {
    entry: { ...shared, kind: 'file', path: toByteString(path), mode: 0o644, size: total },
    content: () => chunks,
  };
}

function folder(path: string): EntrySource {
  return { entry: { ...shared, kind: 'directory', path: toByteString(path), mode: 0o755 } };
}

async function packed(sources: readonly EntrySource[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packImageTar(sources)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sources = (): EntrySource[] => [
  file('oci-layout', [Buffer.from('{}')]),
  folder('blobs'),
  file('blobs/empty', []),
  file(
    'blobs/big',
    Array.from({ length: 50 }, (_, i) => Buffer.alloc(100_000, i)),
  ),
];

test('GNU tar reads it', async () => {
  const tar = await packed(sources());
  const list = execFileSync('tar', ['-tv', '--utc'], { input: tar }).toString();
  assert.deepEqual(
    list
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ')),
    [
      '-rw-r--r-- 0/0 2 1970-01-01 00:00 oci-layout',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 blobs/',
      '-rw-r--r-- 0/0 0 1970-01-01 00:00 blobs/empty',
      '-rw-r--r-- 0/0 5000000 1970-01-01 00:00 blobs/big',
    ],
  );
  const big = execFileSync('tar', ['-xO', 'blobs/big'], { input: tar, maxBuffer: 1 << 24 });
  assert.equal(
    big.equals(Buffer.concat(Array.from({ length: 50 }, (_, i) => Buffer.alloc(100_000, i)))),
    true,
  );
});

test('the same entries give the same bytes', async () => {
  assert.deepEqual(await packed(sources()), await packed(sources()));
});

test('a content that fails ends the stream with its error', async () => {
  const broken: EntrySource = {
    ...file('x', [], 10),
    content: async function* () {
      yield Buffer.from('half');
      throw new Error('disk on fire');
    },
  };
  await assert.rejects(packed([broken]), /disk on fire/);
});

test('a content of another size is an error', async () => {
  await assert.rejects(packed([file('x', [Buffer.from('ab')], 5)]), /[Ss]ize mismatch/);
});

test('a reader that stops early stops the writer', async () => {
  let closed = false;
  const endless: EntrySource = {
    ...file('x', [], 1e9),
    content: async function* () {
      try {
        for (;;) yield Buffer.alloc(65536);
      } finally {
        closed = true;
      }
    },
  };
  for await (const chunk of packImageTar([endless])) {
    assert.ok(chunk.byteLength > 0);
    break;
  }
  assert.equal(closed, true);
});
