/** The first difference of two trees: which of several is named, and what is shown of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntrySource } from '#archive/entry.ts';
import { type TreeDifference, treeDifference } from '#build/verify/layer-difference.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { directory, file, layerIn, symlink, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const signal = new AbortController().signal;

async function difference(
  before: readonly EntrySource[],
  after: readonly EntrySource[],
): Promise<TreeDifference | undefined> {
  using one = tempFolder();
  using other = tempFolder();
  using a = MergedTree.open([await layerIn(one.path, await tarOf(before))]);
  using b = MergedTree.open([await layerIn(other.path, await tarOf(after))]);
  return await treeDifference(a, b, { sharedLayers: 0, signal });
}

const OLD = { mtime: { seconds: 1, nanoseconds: 0 } };

test('equal trees have none', async () => {
  const tree = [directory('d'), file('d/f', 'x')];
  assert.equal(await difference(tree, tree), undefined);
});

test('content goes before modes and times, wherever it stands', async () => {
  const found = await difference(
    [file('a', 'same', { mode: 0o600 }), file('b', 'same', OLD), file('z', `${'.'.repeat(50)}one`)],
    [file('a', 'same', { mode: 0o644 }), file('b', 'same'), file('z', `${'.'.repeat(50)}two`)],
  );
  assert.equal(found?.first.path, '/z');
  assert.equal(found.content?.offset, 50);
  assert.deepEqual(
    found.content.excerpts.map(String),
    ['one', 'two'].map((end) => `${'.'.repeat(24)}${end}`),
  );
  assert.deepEqual(
    found.others.map(({ path, differences }) => [path, ...differences]),
    [
      ['/a', 'mode'],
      ['/b', 'time'],
    ],
  );
});

test('a file that is the beginning of the other differs where it ends', async () => {
  const found = await difference([file('f', 'abc')], [file('f', 'abcdef')]);
  assert.equal(found?.content?.offset, 3);
});

test('deep in a large file', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024, 'x');
  const changed = Buffer.from(large);
  changed[2_500_000] = 0x79;
  const found = await difference([file('f', large)], [file('f', changed)]);
  assert.equal(found?.content?.offset, 2_500_000);
});

const said: readonly (readonly [
  name: string,
  before: EntrySource,
  after: EntrySource,
  said: readonly [string, string],
])[] = [
  ['a mode', file('f', '', { mode: 0o4755 }), file('f', ''), ['4755', '0644']],
  ['an owner', file('f', '', { uid: 5, gid: 6 }), file('f', ''), ['5:6', '0:0']],
  ['a target', symlink('f', 'a'), symlink('f', 'b'), ['a', 'b']],
  ['a kind', symlink('f', 'a'), directory('f'), ['symlink', 'directory']],
  [
    'a time',
    file('f', '', { mtime: { seconds: 1_500_000_000, nanoseconds: 0 } }),
    file('f', '', OLD),
    ['2017-07-14T02:40:00Z', '1970-01-01T00:00:01Z'],
  ],
];
for (const [name, before, after, expected] of said) {
  test(`${name} is said of both`, async () => {
    const found = await difference([before], [after]);
    assert.deepEqual(found?.said, expected);
    assert.equal(found.content, undefined);
  });
}

test('a file that only one has', async () => {
  const found = await difference([file('a', '')], [file('b', '')]);
  assert.deepEqual([found?.first.change, found?.first.path], ['deleted', '/a']);
  assert.deepEqual(
    found?.others.map(({ path }) => path),
    ['/b'],
  );
});
