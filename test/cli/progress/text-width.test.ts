/** Columns of a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitWidth, plainLine, textWidth } from '#cli/progress/text-width.ts';

test('columns, not characters, are counted', () => {
  const cases: readonly (readonly [text: string, width: number])[] = [
    ['', 0],
    ['abc', 3],
    ['naïve', 5],
    ['nai\u0308ve', 5],
    ['日本', 4],
    ['한글', 4],
    ['🚀', 2],
    ['a\u200bb', 2],
  ];
  for (const [text, width] of cases) assert.equal(textWidth(text), width, text);
});

test('a wide character that does not fit whole is left out', () => {
  assert.equal(fitWidth('a日本', 4), 'a日');
  assert.equal(fitWidth('abc', 3), 'abc');
  assert.equal(fitWidth('abc', 0), '');
});

test('what a terminal would show at the end of a line', () => {
  assert.equal(plainLine('10%\r20%\r\n'.trimEnd()), '20%');
  assert.equal(plainLine('20%\r'), '20%');
  assert.equal(plainLine('\x1b[1;31mred\x1b[0m\x07'), 'red');
  assert.equal(plainLine('\x1b]0;title\x07text'), 'text');
  assert.equal(plainLine('a\tb'), 'a    b');
});
