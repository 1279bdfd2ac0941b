/** Where words end, heredoc starts, and flag words taken apart. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assignmentEnd,
  flagEnd,
  flagValuePlace,
  isJsonArray,
  parseFlag,
  parseHeredocStart,
  quotesClose,
  shellWordEnd,
} from '#dockerfile/scan.ts';

test('shell words end at an unquoted blank', () => {
  assert.equal(shellWordEnd('a b', 0), 1);
  assert.equal(shellWordEnd('"a b"c d', 0), 6);
  assert.equal(shellWordEnd("'a\\' b", 0), 4);
  assert.equal(shellWordEnd('a\\ b c', 0), 4);
  assert.equal(shellWordEnd('<< A b', 0), 4);
  assert.equal(shellWordEnd('a\\', 0), 2);
});

test('a shell word with an open quote has no end', () => {
  assert.equal(shellWordEnd('"a\\"', 0), undefined);
  assert.equal(quotesClose('a "b" c\'', 0), false);
  assert.equal(quotesClose('a "b" c', 0), true);
});

const heredocs: readonly (readonly [word: string, expected: object | undefined])[] = [
  ['<<A', { name: 'A', literal: false, chomp: false, descriptor: 0 }],
  ['3<<-A', { name: 'A', literal: false, chomp: true, descriptor: 3 }],
  ['<<"A B"', { name: 'A B', literal: true, chomp: false, descriptor: 0 }],
  ["<<A\\'B", { name: "A'B", literal: false, chomp: false, descriptor: 0 }],
  ['<<$A', { name: '$A', literal: false, chomp: false, descriptor: 0 }],
  ['<<-', undefined],
  ['<<', undefined],
  ['<<<A', undefined],
  ['a<<A', undefined],
  ['<<A B', undefined],
  ['<<${', undefined],
];

for (const [word, expected] of heredocs) {
  test(`${word} starts ${expected === undefined ? 'no heredoc' : 'a heredoc'}`, () => {
    assert.deepEqual(parseHeredocStart(word), expected);
  });
}

test('assignment words keep quoted blanks and leave a lone escape out', () => {
  assert.equal(assignmentEnd('a="b c" d', 0, '\\'), 7);
  assert.equal(assignmentEnd('a=b` c d', 0, '`'), 6);
  assert.equal(assignmentEnd('a="b c', 0, '\\'), 6);
  assert.equal(assignmentEnd('a=b\\', 0, '\\'), 3);
  assert.equal(assignmentEnd("a='b\\' c", 0, '\\'), 6);
});

test('flag words lose quotes and backslashes', () => {
  assert.equal(flagEnd("--a='b\\' c' d", 0), 11);
  assert.deepEqual(parseFlag('--a="b c"'), { name: 'a', value: 'b c', valueOffset: 4 });
  assert.deepEqual(parseFlag('--a\\b==c'), { name: 'ab', value: '=c', valueOffset: 6 });
  assert.deepEqual(parseFlag('--a'), { name: 'a', valueOffset: 3 });
});

test('only a whole JSON array is one', () => {
  assert.equal(isJsonArray('["a", 1] '), true);
  assert.equal(isJsonArray('["a"] b'), false);
  assert.equal(isJsonArray('{"a": 1}'), false);
});

test('a stretch of a flag’s value is found in the word as written', () => {
  const word = '--a="b \\c",d';
  const place = (start: number, end: number): string => {
    const written = flagValuePlace(word, { start, end });
    return word.slice(written.start, written.end);
  };
  assert.equal(place(0, 1), 'b');
  assert.equal(place(2, 3), 'c');
  assert.equal(place(4, 5), 'd');
  assert.deepEqual(flagValuePlace('--a=', { start: 0, end: 0 }), { start: 4, end: 4 });
});
