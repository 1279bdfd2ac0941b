/** Line numbers by search are those of positionAt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionAt } from '#core/source.ts';
import { lineAt } from '#dockerfile/lint/line-numbers.ts';

for (const text of ['', 'a', '\n', 'a\n\nbc\r\nd', 'a\n']) {
  test(`every place of ${JSON.stringify(text)}`, () => {
    const file = { name: 'Dockerfile', text };
    for (let offset = 0; offset <= text.length + 1; offset++) {
      assert.equal(lineAt(file, offset), positionAt(file, offset).line, String(offset));
    }
  });
}
