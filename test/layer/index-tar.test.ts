// A tar and its index: writer and reader of layers agree, sparse files of every dialect, warnings.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { digestOf } from '#core/digest.ts';
import { checkImage } from '#layer/erofs-check.ts';
import { indexTar } from '#layer/index-tar.ts';
import { writeLayer } from '#layer/layer-writer.ts';
import { mergedImage } from '#layer/merged-image.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import {
  collect,
  device,
  directory,
  file,
  hardlink,
  layerIn,
  memoryIngest,
  name,
  streamOf,
  symlink,
  tarOf,
} from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { flattenImage } from '#test/helpers/trees.ts';

const SOURCES = [
  directory('d', {
    mtime: { seconds: -7, nanoseconds: 5 },
    xattrs: { 'user.overlay.opaque': 'y' },
  }),
  file('d/f', 'content', { mtime: { seconds: 100, nanoseconds: 999 }, xattrs: { 'user.x': 'y' } }),
  hardlink('d/h', 'd/f'),
  symlink('s', 'd/f'),
  file('.wh.gone'),
  file('big', Buffer.alloc(700_000, 'ab')),
];

test('the index of a written layer is the index of its tar', async () => {
  const ingest = memoryIngest();
  const written = await writeLayer(SOURCES, ingest);
  const indexed = await indexTar(streamOf(ingest.bytes(), 1000));
  assert.equal(written.diffId, digestOf(ingest.bytes()));
  assert.equal(written.size, ingest.bytes().length);
  assert.deepEqual(
    { diffId: indexed.diffId, size: indexed.tarSize, index: Buffer.from(indexed.index) },
    { ...written, index: Buffer.from(written.index) },
  );
  checkImage(written.index);
});

test('the same entries give the same layer, async or not', async () => {
  async function* slowly(): AsyncGenerator<(typeof SOURCES)[number]> {
    yield* SOURCES;
  }
  const one = await writeLayer(SOURCES, memoryIngest());
  assert.deepEqual(await writeLayer(slowly(), memoryIngest()), one);
});

test('attributes for overlay do not get into a written tar', async () => {
  const ingest = memoryIngest();
  await writeLayer(SOURCES, ingest);
  assert.equal(ingest.bytes().includes('overlay'), false);
  assert.equal(ingest.bytes().includes('SCHILY.xattr.user.x=y'), true);
});

test('a layer that cannot be written commits nothing', async () => {
  let commits = 0;
  const ingest = memoryIngest();
  const commit: typeof ingest.commit = () => {
    commits++;
    return ingest.commit();
  };
  const counting = { ...ingest, commit };
  const { entry } = file('f', 'abc');
  await assert.rejects(writeLayer([{ entry, content: () => [] }], counting), {
    code: 'SIZE_MISMATCH',
  });
  await assert.rejects(writeLayer([directory('d'), hardlink('a', 'd')], counting), {
    code: 'ENTRY_REFUSED',
  });
  await assert.rejects(writeLayer([symlink('a', '')], counting), { code: 'ENTRY_REFUSED' });
  assert.equal(commits, 0);
});

test('an attribute without a place is left out with a warning, and stays in the tar', async () => {
  const tar = await tarOf([
    file('f', 'x', { xattrs: { 'com.apple.provenance': '1', 'user.a': 'b' } }),
    file('g', 'x', { xattrs: { 'com.apple.quarantine': '1' } }),
  ]);
  const { index, warnings } = await indexTar(streamOf(tar));
  assert.deepEqual(warnings, ['extended attributes "com.*" are not visible in containers']);
  assert.deepEqual(flattenImage(index, [tar]).get('f')?.xattrs, ['user.a=62']);
});

test('a device 0:0 is kept with a warning, because overlay hides it', async () => {
  const tar = await tarOf([device('zero', { kind: 'char', major: 0, minor: 0 })]);
  const { index, warnings } = await indexTar(streamOf(tar));
  assert.deepEqual(warnings, ['a character device 0:0 is not visible in containers']);
  assert.equal(flattenImage(index, [tar]).get('zero')?.kind, 'char');
});

test('a damaged tar is damage here too, and a signal stops the reading', async () => {
  const tar = await tarOf(SOURCES);
  await assert.rejects(indexTar(streamOf(tar.subarray(0, 3000))), { code: 'ARCHIVE_INVALID' });
  await assert.rejects(indexTar(streamOf(tar), { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
});

test('a symlink over 4,095 bytes is refused by name', async () => {
  const tar = await tarOf([symlink('d/long', 't'.repeat(4096))]);
  await assert.rejects(indexTar(streamOf(tar)), { code: 'ENTRY_REFUSED', message: /"d\/long"/ });
});

const DIALECTS: readonly (readonly [string, readonly string[]])[] = [
  ['old GNU', ['--format=gnu']],
  ['pax 0.0', ['--format=posix', '--sparse-version=0.0']],
  ['pax 0.1', ['--format=posix', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=posix', '--sparse-version=1.0']],
];

/** Where files have data; the rest are holes. */
const SPARSE: readonly {
  readonly size: number;
  readonly data: readonly (readonly [number, string])[];
}[] = [
  { size: 50_000, data: [[0, 'start']] },
  { size: 50_000, data: [[40_960, 'end']] },
  {
    size: 1_234_567,
    data: [
      [100_000, 'a'],
      [600_000, 'b'],
      [1_234_560, 'the end'],
    ],
  },
  { size: 300_000, data: [] },
  {
    size: 700_001,
    data: Array.from({ length: 40 }, (_, i) => [i * 16_384, `piece ${i}`] as const),
  },
];

for (const [dialect, options] of DIALECTS) {
  test(`sparse files of ${dialect}: tree and image give the expanded content`, async (t) => {
    if (spawnSync('tar', ['--version']).stdout?.includes('GNU tar') !== true) {
      t.skip('needs GNU tar: the program is not installed');
      return;
    }
    using folder = tempFolder();
    using store = tempFolder();
    const plain = SPARSE.map(({ size, data }, i) => {
      const content = Buffer.alloc(size);
      const fd = openSync(folder.at(`f${i}`), 'w');
      for (const [at, text] of data) {
        writeSync(fd, text, at);
        content.write(text, at);
      }
      closeSync(fd);
      truncateSync(folder.at(`f${i}`), size);
      return content;
    });
    const tar = execFileSync('tar', ['-cSf', '-', ...options, '-C', folder.path, '.'], {
      maxBuffer: 2 ** 26,
    });
    const files = await layerIn(store.path, tar);
    const image = mergedImage([files]);
    checkImage(image);
    const flat = flattenImage(image, [tar]);
    using tree = MergedTree.open([files]);
    for (const [i, content] of plain.entries()) {
      const node = tree.lookup(name(`f${i}`));
      assert.ok(node !== undefined && node.size === content.length);
      assert.ok((await collect(tree.read(node))).equals(content), `f${i} differs`);
      const part = await collect(tree.read(node, { offset: 40_000, length: 2000 }));
      assert.ok(part.equals(content.subarray(40_000, 42_000)));
      assert.equal(flat.get(`f${i}`)?.value, content.toString('latin1'));
    }
    assert.ok(image.length < 200_000, `holes were expanded: ${image.length}`);
  });
}

test('a sparse file of 1 TiB needs a small index', async (t) => {
  if (spawnSync('tar', ['--version']).stdout?.includes('GNU tar') !== true) {
    t.skip('needs GNU tar: the program is not installed');
    return;
  }
  using folder = tempFolder();
  const fd = openSync(folder.at('huge'), 'w');
  const places = [0, 2 ** 35 + 4096, 2 ** 40 - 8192];
  for (const at of places) writeSync(fd, Buffer.alloc(4096, `at ${at};`), 0, 4096, at);
  closeSync(fd);
  truncateSync(folder.at('huge'), 2 ** 40);
  const tar = execFileSync('tar', ['-cSf', '-', '-C', folder.path, 'huge']);
  using store = tempFolder();
  const files = await layerIn(store.path, tar);
  using tree = MergedTree.open([files]);
  const node = tree.lookup(name('huge'));
  assert.equal(node?.size, 2 ** 40);
  for (const offset of places) {
    const text = Buffer.concat([...tree.read(node, { offset, length: 8192 })]);
    const expected = Buffer.alloc(8192);
    expected.write(`at ${offset};`.repeat(4096).slice(0, 4096));
    assert.ok(text.equals(expected));
  }
  assert.ok(mergedImage([files]).length < 40_000_000);
});
