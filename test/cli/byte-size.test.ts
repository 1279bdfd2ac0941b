/** Sizes of flags: docker's units are powers of 1024. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseByteSize } from '#cli/byte-size.ts';

test('units', () => {
  const cases: Readonly<Record<string, number>> = {
    '0': 0,
    '512': 512,
    '1b': 1,
    '32kb': 32768,
    '1.5KiB': 1536,
    '512m': 536870912,
    '10GB': 10737418240,
    '2 t': 2199023255552,
  };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(parseByteSize(text, 'x'), bytes);
});

test('anything else is refused', () => {
  for (const text of ['', '-1', 'ten', '1x', '1kk', '9999999999p']) {
    assert.throws(() => parseByteSize(text, 'max-used-space'), {
      code: 'USAGE',
      message: `invalid argument "${text}" for "--max-used-space" flag: invalid size: '${text}'`,
    });
  }
});
