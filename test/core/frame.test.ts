/** The source frame, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic, formatFrame } from '#core/frame.ts';

const file = { name: 'Dockerfile', text: 'FROM a\n\nRUN b\r\nCOPY\tc d\nRUN e\nRUN f\n' };

function rangeOf(part: string): { start: number; end: number } {
  const start = file.text.indexOf(part);
  return { start, end: start + part.length };
}

test('one line: two around it, carets under the exact place', () => {
  assert.equal(
    formatFrame(file, rangeOf('c d')),
    [
      'Dockerfile:4',
      '--------------------',
      '   2 |',
      '   3 |     RUN b',
      '   4 | >>> COPY\tc d',
      '     |         \t^^^',
      '   5 |     RUN e',
      '   6 |     RUN f',
      '--------------------',
    ].join('\n'),
  );
});

test('several lines: one around them, no carets', () => {
  assert.equal(
    formatFrame(file, rangeOf('COPY\tc d\nRUN e')),
    [
      'Dockerfile:4',
      '--------------------',
      '   3 |     RUN b',
      '   4 | >>> COPY\tc d',
      '   5 | >>> RUN e',
      '   6 |     RUN f',
      '--------------------',
    ].join('\n'),
  );
});

test('an empty place still gets a caret', () => {
  assert.equal(
    formatFrame({ name: 'x', text: '' }, { start: 0, end: 0 }),
    ['x:1', '--------------------', '   1 | >>>', '     |     ^', '--------------------'].join(
      '\n',
    ),
  );
});

test('a diagnostic says what, why and how to go on', () => {
  const text = formatDiagnostic(
    {
      code: 'X',
      severity: 'error',
      message: 'no such thing',
      range: rangeOf('RUN e'),
      reason: 'It was never there.',
      hint: 'Make it.',
      url: 'https://example.com/x',
    },
    file,
  );
  assert.deepEqual(text.split('\n').slice(-4), [
    'error: no such thing',
    'cause: It was never there.',
    'fix: Make it.',
    'see: https://example.com/x',
  ]);
});

test('a caret of its own stands within the marked lines', () => {
  const text = 'RUN a \\\n  $b\nCMD c';
  const file = { name: 'Dockerfile', text };
  const statement = { start: 0, end: text.indexOf('\nCMD') };
  assert.equal(
    formatFrame(file, statement, { start: 10, end: 12 }),
    `Dockerfile:1
--------------------
   1 | >>> RUN a \\
   2 | >>>   $b
     |       ^^
   3 |     CMD c
--------------------`,
  );
});
