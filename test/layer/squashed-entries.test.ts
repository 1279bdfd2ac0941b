// Layers made one: the tree must be what they gave together, over what is below.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EntrySource } from '#archive/entry.ts';
import { MergedTree } from '#layer/merged-tree.ts';
import { squashedEntries } from '#layer/squashed-entries.ts';
import { anyLayers, expectedOf } from '#test/helpers/arbitrary-layers.ts';
import { collect, directory, file, hardlink, layerIn, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { applyLayers, type FlatTree } from '#test/helpers/trees.ts';

type Layers = readonly (readonly EntrySource[])[];

/** All layers from `count` on as one, in memory. */
async function squash(layers: Layers, count: number): Promise<readonly EntrySource[]> {
  using folder = tempFolder();
  const files = [];
  for (const layer of layers) files.push(await layerIn(folder.path, await tarOf(layer)));
  using below = MergedTree.open(files.slice(0, count));
  using whole = MergedTree.open(files);
  const entries: EntrySource[] = [];
  for (const { entry, content } of squashedEntries({ below, whole, count })) {
    const bytes = content ? await collect(content()) : undefined;
    entries.push(bytes ? { entry, content: () => [bytes] } : { entry });
  }
  return entries;
}

/** `path` or, for what is taken away, `-path`. */
function pathsOf(entries: readonly EntrySource[]): readonly string[] {
  return entries.map(({ entry: { path, kind } }) => {
    const shown = path.replace(/(^|\/)\.wh\.([^/]*)$/, '$1-$2');
    return kind === 'hardlink' ? `${shown} (link)` : shown;
  });
}

/** Which names are one file does not survive where one of them is below. */
function withoutLinks(tree: FlatTree): ReadonlyMap<string, unknown> {
  return new Map([...tree].map(([path, { first: _, ...node }]) => [path, node]));
}

const base = [directory('d'), file('d/a', 'a'), file('d/b', 'b'), file('gone', 'x'), file('kept')];

const cases: readonly (readonly [string, Layers, readonly string[]])[] = [
  ['what comes and goes above leaves no trace', [[file('tmp')], [file('.wh.tmp')]], []],
  [
    'what is taken from below has a whiteout',
    [[file('.wh.gone'), file('d/.wh.a')]],
    ['-gone', 'd/-a'],
  ],
  ['the last content of a file is kept', [[file('d/a', '1')], [file('d/a', '2')]], ['d/a']],
  [
    'a directory that is emptied as a whole has a whiteout for each name',
    [[file('d/.wh..wh..opq'), file('d/new')]],
    ['d/-a', 'd/-b', 'd/new'],
  ],
  [
    'a directory that is removed and made again as well',
    [[file('.wh.d')], [directory('d', { uid: 7 }), file('d/b', 'new')]],
    ['d', 'd/-a', 'd/b'],
  ],
  ['a file in the place of a directory needs none', [[file('.wh.d')], [file('d', 'file')]], ['d']],
  [
    'names of one file stay one, a name for a file below becomes a copy',
    [[file('x', 'x'), hardlink('y', 'x'), hardlink('z', 'kept')]],
    ['x', 'y (link)', 'z'],
  ],
  [
    'a directory that was a file in between, and came back for what it holds, is not the one below',
    [[file('.wh.d')], [file('d', 'file')], [file('.wh.d')], [file('d/new')]],
    ['d', 'd/-a', 'd/-b', 'd/new'],
  ],
  ['a directory that lost all it was there for stays', [[file('n/f')], [file('n/.wh.f')]], ['n']],
];

for (const [fact, layers, paths] of cases) {
  test(fact, async () => {
    const all = [base, ...layers];
    const one = await squash(all, 1);
    assert.deepEqual(pathsOf(one), paths);
    const got = await applyLayers([base, one]);
    assert.deepEqual(withoutLinks(got), withoutLinks(await applyLayers(all)));
  });
}

test('without layers below it is the whole tree, links too', async () => {
  const all = [base, [hardlink('link', 'd/a'), file('.wh.gone')]];
  assert.deepEqual(await applyLayers([await squash(all, 0)]), await applyLayers(all));
});

test('any chain, cut anywhere: the same tree', async () => {
  await fc.assert(
    fc.asyncProperty(anyLayers, fc.nat(4), async (layers, cut) => {
      const { tree } = await expectedOf(layers);
      const count = Math.min(cut, layers.length - 1);
      const one = await squash(layers, count);
      const got = await applyLayers([...layers.slice(0, count), one]);
      assert.deepEqual(withoutLinks(got), withoutLinks(tree));
    }),
    { numRuns: 300 },
  );
});
