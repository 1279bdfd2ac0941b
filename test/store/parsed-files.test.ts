/** What is kept of parsed texts: found again only for the same text and version, never in the way. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { keepParsed, parsedFolder, readParsed } from '#store/parsed-files.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const KEY = { text: 'FROM scratch\n', version: 'one' };

test('what was kept is found for the same text and version only', () => {
  using folder = tempFolder();
  assert.equal(readParsed(folder.path, KEY), undefined);
  keepParsed(folder.path, KEY, { a: [1, 'two'] });
  assert.deepEqual(readParsed(folder.path, KEY), { a: [1, 'two'] });
  assert.equal(readParsed(folder.path, { ...KEY, version: 'two' }), undefined);
  assert.equal(readParsed(folder.path, { ...KEY, text: 'FROM scratch' }), undefined);
});

test('a new version takes the place of the old', () => {
  using folder = tempFolder();
  keepParsed(folder.path, KEY, { a: 1 });
  keepParsed(folder.path, { ...KEY, version: 'two' }, { a: 2 });
  assert.equal(readdirSync(parsedFolder(folder.path)).length, 1);
  assert.deepEqual(readParsed(folder.path, { ...KEY, version: 'two' }), { a: 2 });
});

test('of two texts with one name only the one that was kept is found', () => {
  using folder = tempFolder();
  keepParsed(folder.path, KEY, { a: 1 });
  const [name = ''] = readdirSync(parsedFolder(folder.path));
  writeFileSync(
    folder.at('parsed/v1', name),
    JSON.stringify({ text: 'FROM other\n', version: 'one', parsed: { a: 2 } }),
  );
  assert.equal(readParsed(folder.path, KEY), undefined);
});

test('what a crash has cut off, and what is no such file, counts as absent', () => {
  using folder = tempFolder();
  keepParsed(folder.path, KEY, { a: 1 });
  const [name = ''] = readdirSync(parsedFolder(folder.path));
  for (const content of ['', '{"text":"FROM scr', 'null', '[]', '{"version":"one"}']) {
    writeFileSync(folder.at('parsed/v1', name), content);
    assert.equal(readParsed(folder.path, KEY), undefined, content);
  }
});

test('the number of files is bounded; the newest stay', () => {
  using folder = tempFolder();
  const key = (index: number) => ({ ...KEY, text: `FROM image:${index}\n` });
  for (let index = 0; index < 300; index++) keepParsed(folder.path, key(index), { index });
  assert.ok(readdirSync(parsedFolder(folder.path)).length <= 128);
  assert.deepEqual(readParsed(folder.path, key(299)), { index: 299 });
});

test('long texts are not kept', () => {
  using folder = tempFolder();
  keepParsed(folder.path, { ...KEY, text: `# ${'x'.repeat(70_000)}` }, {});
  assert.deepEqual(readdirSync(folder.path), []);
});

test('a new root is its owner’s alone; without its parent, or in a file’s place, nothing is kept', () => {
  using folder = tempFolder();
  keepParsed(folder.at('root'), KEY, { a: 1 });
  assert.equal(statSync(folder.at('root')).mode & 0o777, 0o700);
  keepParsed(folder.at('missing/root'), KEY, { a: 1 });
  assert.equal(readParsed(folder.at('missing/root'), KEY), undefined);
  mkdirSync(folder.at('other'));
  writeFileSync(folder.at('other/parsed'), '');
  keepParsed(folder.at('other'), KEY, { a: 1 });
  assert.equal(readParsed(folder.at('other'), KEY), undefined);
});

test('where it cannot be put in its place nothing is left', () => {
  using folder = tempFolder();
  keepParsed(folder.path, KEY, { a: 1 });
  const [name = ''] = readdirSync(parsedFolder(folder.path));
  rmSync(folder.at('parsed/v1', name));
  mkdirSync(folder.at('parsed/v1', name, 'in the way'), { recursive: true });
  keepParsed(folder.path, KEY, { a: 1 });
  assert.deepEqual(readdirSync(parsedFolder(folder.path)), [name]);
  assert.equal(readParsed(folder.path, KEY), undefined);
});
