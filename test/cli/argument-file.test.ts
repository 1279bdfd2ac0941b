/** Files of build arguments: buildah's form, and what is none. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { argumentWords } from '#cli/argument-file.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('a line is an argument; comments, empty lines and what is around are none', () => {
  using folder = tempFolder();
  writeFileSync(folder.at('one'), '# of the release\r\nA=1\n\n  B=x=y  \n');
  writeFileSync(folder.at('two'), 'A=2');
  const words = argumentWords([folder.at('one'), folder.at('two')]);
  assert.deepEqual(words, ['A=1', 'B=x=y', 'A=2']);
  assert.deepEqual(argumentWords([]), []);
});

test('a line without a name or a value, and a file that is not there, are refused', () => {
  using folder = tempFolder();
  for (const line of ['A', '=1']) {
    writeFileSync(folder.at('file'), `OK=1\n${line}\n`);
    assert.throws(() => argumentWords([folder.at('file')]), {
      code: 'USAGE',
      message: `${folder.at('file')}: no build argument: ${line}`,
    });
  }
  assert.throws(() => argumentWords([folder.at('none')]), {
    code: 'FILE_MISSING',
    message: `cannot read build arguments from ${folder.at('none')}`,
  });
});
