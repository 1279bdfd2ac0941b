// The names that mean deletion, and those that only look like it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPAQUE_NAME, parseWhiteout, whiteoutOf } from '#archive/whiteout.ts';
import { name } from '#test/helpers/entries.ts';

test('a whiteout names what it hides', () => {
  assert.equal(whiteoutOf(name('a')), '.wh.a');
  assert.deepEqual(parseWhiteout(whiteoutOf(name('.wha'))), { kind: 'name', name: '.wha' });
  assert.deepEqual(parseWhiteout(OPAQUE_NAME), { kind: 'opaque' });
  assert.deepEqual(parseWhiteout(name('.wh..wh.plnk')), { kind: 'ignored' });
});

test('ordinary names are none', () => {
  for (const ordinary of ['a', '.wh', 'x.wh.a', '.', '']) {
    assert.equal(parseWhiteout(name(ordinary)), undefined);
  }
});

test('a whiteout of nothing, of . and of .. is refused', () => {
  for (const bad of ['.wh.', '.wh..', '.wh...']) {
    assert.throws(() => parseWhiteout(name(bad)), { code: 'ENTRY_REFUSED' });
  }
});
