/** Positions in source text, for people: one-based lines and columns. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineCount, lineText, positionAt, spanOf } from '#core/source.ts';

const file = { name: 'f', text: 'ab\r\n\nc😀d' };

const positions: readonly (readonly [
  fact: string,
  offset: number,
  line: number,
  column: number,
])[] = [
  ['the beginning', 0, 1, 1],
  ['within a line', 1, 1, 2],
  ['a carriage return is of its line', 2, 1, 3],
  ['a line feed is of its line', 3, 1, 4],
  ['an empty line', 4, 2, 1],
  ['the line after', 5, 3, 1],
  ['columns are UTF-16 units', 8, 3, 4],
  ['the end', 9, 3, 5],
  ['past the end is the end', 1000, 3, 5],
];

describe('positionAt', () => {
  for (const [fact, offset, line, column] of positions) {
    it(fact, () => assert.deepEqual(positionAt(file, offset), { line, column }));
  }

  it('an empty file has one place', () => {
    const empty = { name: 'e', text: '' };
    assert.deepEqual(positionAt(empty, 0), { line: 1, column: 1 });
    assert.deepEqual(positionAt(empty, 5), { line: 1, column: 1 });
  });
});

describe('lines', () => {
  it('are without their ends, and the last may be empty', () => {
    const lines = (text: string): readonly string[] => {
      const source = { name: 'f', text };
      return Array.from({ length: lineCount(source) }, (_, index) => lineText(source, index + 1));
    };
    assert.deepEqual(lines('ab\r\n\nc'), ['ab', '', 'c']);
    assert.deepEqual(lines('a\n'), ['a', '']);
    assert.deepEqual(lines(''), ['']);
  });

  it('past the last one are empty', () => assert.equal(lineText(file, 100), ''));
});

describe('spanOf', () => {
  it('covers both, in either order, and what is between', () => {
    const [a, b] = [
      { start: 1, end: 3 },
      { start: 7, end: 9 },
    ];
    assert.deepEqual(spanOf(a, b), { start: 1, end: 9 });
    assert.deepEqual(spanOf(b, a), { start: 1, end: 9 });
    assert.deepEqual(spanOf({ start: 0, end: 20 }, a), { start: 0, end: 20 });
  });
});
