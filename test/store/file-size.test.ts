/** The length of a file that may not be there. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileSize } from '#store/file-size.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('of a file, of nothing, of something below a file', async () => {
  using folder = tempFolder();
  await writeFile(folder.at('x'), 'four');
  assert.equal(fileSize(folder.at('x')), 4);
  assert.equal(fileSize(folder.at('y')), undefined);
  assert.equal(fileSize(folder.at('x/y')), undefined);
});
