/** One layer by itself: what it brings, deletions told apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listLayer } from '#layer/layer-listing.ts';
import { directory, file, hardlink, layerIn, symlink, tarOf } from '#test/helpers/entries.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('names, whiteouts and links to lower layers; no folder that is only passed through', async () => {
  using folder = tempFolder();
  const layer = await layerIn(
    folder.path,
    await tarOf([
      directory('etc'),
      file('etc/passwd', 'root'),
      hardlink('etc/again', 'etc/passwd'),
      symlink('etc/link', 'passwd'),
      hardlink('below', 'usr/lower'),
      file('.wh.gone'),
      file('opt/deep/file', 'xy'),
    ]),
  );
  const listed = [...listLayer(layer)].map(({ path, kind, size }) => [String(path), kind, size]);
  assert.deepEqual(listed.toSorted(), [
    ['below', 'link', 0],
    ['etc', 'directory', 0],
    ['etc/again', 'file', 4],
    ['etc/link', 'symlink', 0],
    ['etc/passwd', 'file', 4],
    ['gone', 'whiteout', 0],
    ['opt/deep/file', 'file', 2],
  ]);
  const nids = [...listLayer(layer)].filter(({ kind, size }) => kind === 'file' && size === 4);
  assert.equal(new Set(nids.map(({ nid }) => nid)).size, 1);
});
