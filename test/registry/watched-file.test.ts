/** A file that changes under a running server. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { WatchedFile } from '#registry/watched-file.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('a change is seen a second later, a bad one is told and leaves the last good content', () => {
  using folder = tempFolder();
  const path = folder.at('numbers');
  writeFileSync(path, '1');
  let nowMs = 0;
  const errors: unknown[] = [];
  const file = new WatchedFile({
    path,
    nowMs: () => nowMs,
    onError: (error) => void errors.push(error),
    parse: (text) => {
      if (text === 'bad') throw new Error('not a number');
      return Number(text);
    },
  });
  const change = (text: string): void => {
    writeFileSync(folder.at('fresh'), text);
    renameSync(folder.at('fresh'), path);
  };
  assert.equal(file.value, 1);
  const { version } = file;
  change('22');
  assert.equal(file.value, 1);
  nowMs = 1000;
  assert.equal(file.value, 22);
  assert.notEqual(file.version, version);
  change('bad');
  nowMs = 2000;
  assert.equal(file.value, 22);
  nowMs = 3000;
  assert.equal(file.value, 22);
  assert.equal(errors.length, 1);
  change('4444');
  nowMs = 4000;
  assert.equal(file.value, 4444);
});
