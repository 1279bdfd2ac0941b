/** Sizes of flags, in docker's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseByteSize } from '#core/byte-size.ts';

const GOOD: readonly (readonly [string, number])[] = [
  ['1', 1],
  ['512', 512],
  ['10b', 10],
  ['2k', 2048],
  ['2KB', 2048],
  ['700m', 700 * 1024 ** 2],
  ['4G', 4 * 1024 ** 3],
  ['4GiB', 4 * 1024 ** 3],
  ['1.5g', 1.5 * 1024 ** 3],
  ['1 t', 1024 ** 4],
];

for (const [text, bytes] of GOOD) {
  test(`${text} is ${bytes} bytes`, () => assert.equal(parseByteSize(text, '--x'), bytes));
}

for (const text of ['', '0', '0.1', '-1', 'x', '4 x', '4gg', '1e3', '9999999p', ' 4g']) {
  test(`'${text}' is refused with the flag's name`, () => {
    assert.throws(() => parseByteSize(text, '--volume-size'), {
      code: 'USAGE',
      message: `invalid size "${text}" of --volume-size`,
    });
  });
}
