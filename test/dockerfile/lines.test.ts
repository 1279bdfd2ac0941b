/** Physical lines into logical ones, with places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from '#dockerfile/lines.ts';

function linesOf(text: string, escapeCharacter = '\\'): { number: number; text: string }[] {
  const reader = new LineReader(text, escapeCharacter);
  const lines = [];
  for (let line = reader.readLine(); line !== undefined; line = reader.readLine()) {
    lines.push({ number: line.number, text: line.text });
  }
  return lines;
}

const cases: readonly (readonly [what: string, text: string, lines: readonly string[]])[] = [
  ['blank lines and comments are no lines', '\n \n# a\n  # b\nc', ['c']],
  ['only the first line loses its indent', '  a \\\n  b', ['a   b']],
  ['blanks may follow the escape', 'a\\ \t\nb', ['ab']],
  ['two escapes continue nothing', 'a\\\\\nb', ['a\\\\', 'b']],
  ['a continuation may end the file', 'a \\', ['a ']],
  ['a lone continuation is a line', '\\\n', ['']],
  ['carriage returns go', 'a\\\r\nb\r\n', ['ab']],
];

for (const [what, text, lines] of cases) {
  test(what, () =>
    assert.deepEqual(
      linesOf(text).map((line) => line.text),
      lines,
    ),
  );
}

test('lines are numbered by their first physical line', () => {
  const text = '\n# x\na \\\n# y\n\n b\nc';
  assert.deepEqual(linesOf(text), [
    { number: 3, text: 'a  b' },
    { number: 7, text: 'c' },
  ]);
});

test('a heredoc is read up to its terminator; without one nothing is read', () => {
  const reader = new LineReader('a\nx\n\tA\nb\n', '\\');
  assert.equal(reader.readLine()?.text, 'a');
  assert.equal(reader.readHeredoc({ name: 'A', chomp: false }), undefined);
  assert.deepEqual(reader.readHeredoc({ name: 'A', chomp: true }), {
    content: 'x\n',
    range: { start: 2, end: 6 },
  });
  assert.equal(reader.readLine()?.number, 4);
});

test('skipping stops in front of the wanted line', () => {
  const reader = new LineReader('a\nb\nc\n', '\\');
  reader.skipUntil((line) => line === 'b');
  assert.equal(reader.readLine()?.number, 2);
  reader.skipUntil(() => false);
  assert.equal(reader.readLine(), undefined);
});

test('every character of a logical line is the one at its place', () => {
  const piece = fc.constantFrom('a', 'b ', '\\', '\n', '\r\n', '#', '\t', 'é', '😀');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      (text) => {
        const reader = new LineReader(text, '\\');
        for (let line = reader.readLine(); line !== undefined; line = reader.readLine()) {
          for (let at = 0; at < line.text.length; at++) {
            const { start, end } = line.range(at, at + 1);
            assert.equal(text.slice(start, end), line.text[at]);
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});
