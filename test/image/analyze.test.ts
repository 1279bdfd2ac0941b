/** What layers cost, and what of it nobody can see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyzeImage } from '#image/analyze.ts';
import { file, hardlink } from '#test/helpers/entries.ts';
import { imageFixture } from '#test/helpers/layered-images.ts';

test('overwritten and deleted bytes, by layer and by file', async () => {
  await using fixture = await imageFixture();
  await fixture.add('app', [
    [
      file('a', 'x'.repeat(100)),
      file('b', 'x'.repeat(50)),
      hardlink('b2', 'b'),
      file('keep', 'kkkk'),
    ],
    [file('a', 'x'.repeat(10)), hardlink('b3', 'b')],
    [file('a', 'yy'), file('.wh.b'), file('.wh.b2'), file('dir/t', 'ttt')],
    [file('.wh.dir')],
  ]);
  const { layers, totalBytes, wastedBytes, efficiency, wasted } = await analyzeImage(
    'app',
    fixture.look,
  );
  assert.deepEqual(
    layers.map((layer) => [
      layer.createdBy,
      layer.files,
      layer.fileBytes,
      layer.wastedBytes,
      layer.deletions,
    ]),
    [
      // b is still seen, by the name that the second layer gave it.
      ['step 1', 4, 154, 100, 0],
      ['step 2', 1, 10, 10, 0],
      ['step 3', 2, 5, 3, 2],
      ['step 4', 0, 0, 0, 1],
    ],
  );
  assert.deepEqual([totalBytes, wastedBytes], [169, 113]);
  assert.equal(efficiency, 56 / 169);
  assert.deepEqual(wasted, [
    { path: '/a', bytes: 110, copies: 2, fate: 'overwritten', layers: [1, 2] },
    { path: '/dir/t', bytes: 3, copies: 1, fate: 'deleted', layers: [3] },
  ]);
});

test('nothing in it: nothing is wasted; a history that does not fit names no steps', async () => {
  await using fixture = await imageFixture();
  await fixture.add('app', [[file('empty')]], { history: [] });
  const { efficiency, layers, wasted } = await analyzeImage('app', fixture.look);
  assert.deepEqual([efficiency, wasted, layers[0]?.createdBy], [1, [], undefined]);
});
