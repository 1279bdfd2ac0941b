/** Sizes of flags, in docker's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatByteSize, parseByteSize } from '#core/byte-size.ts';

const GOOD: readonly (readonly [string, number])[] = [
  ['0', 0],
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
  test(`${text} is ${bytes} bytes`, () =>
    assert.equal(parseByteSize(text, { flag: '--x' }), bytes));
}

for (const text of ['', '-1', 'x', '4 x', '4gg', '1e3', '9999999p', ' 4g']) {
  test(`'${text}' is refused with the flag's name`, () => {
    assert.throws(() => parseByteSize(text, { flag: '--volume-size' }), refusal(text));
  });
}

test('less than the least that is allowed is refused', () => {
  for (const text of ['0', '0.1']) {
    assert.throws(() => parseByteSize(text, { flag: '--volume-size', min: 1 }), refusal(text));
  }
});

function refusal(text: string): { readonly code: string; readonly message: string } {
  const message = `invalid argument "${text}" for "--volume-size" flag: invalid size: '${text}'`;
  return { code: 'USAGE', message };
}

test('the other way it is as short as can be', () => {
  const sizes = [0, 1, 1025, 2048, 64 * 1024 ** 2, 1.5 * 1024 ** 3, 100 * 1024 ** 2 + 1];
  assert.deepEqual(sizes.map(formatByteSize), [
    ...['0B', '1B', '1025B', '2KB', '64MB', '1.5GB', '104857601B'],
  ]);
});
